import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { mllpBlocks } from '../../../src/stages/mllp/blocks.ts'
import { feed, hostile, roundTrip, splitInvariant } from '../../../src/testing.ts'
import { vectorsOf } from '../vectors.ts'

const wire = (text: string) => Buffer.from(text, 'latin1')

describe('MLLP blocks', () => {
  test('a block gives its message, however it is cut; white space between blocks is passed over', async () => {
    const told = await splitInvariant(mllpBlocks(), wire('\r\n \x0bMSH|a\rPID|b\r\x1c\r\r\n\t\x0b\x1c\r\n'))
    assert.deepEqual(told, [wire('MSH|a\rPID|b\r').toString('hex'), ''])
  })

  test('other bytes between blocks are noise, told once', async () => {
    const { up } = await feed(mllpBlocks(), [wire('$$$\x0bA\x1c\r')])
    assert.deepEqual(
      up.errors.map(({ code }) => code),
      ['FRAME_NOISE'],
    )
    assert.deepEqual(up.emitted.map(String), ['A'])
  })

  test('a start block within a block begins a new one', async () => {
    const { up } = await feed(mllpBlocks(), [wire('\x0bcut short\x0bB\x1c\r')])
    assert.deepEqual(
      up.errors.map(({ code }) => code),
      ['FRAME_DAMAGED'],
    )
    assert.deepEqual(up.emitted.map(String), ['B'])
  })

  test('an end block without its CR, and CR without the end block, are content', async () => {
    const { up } = await feed(mllpBlocks(), [wire('\x0ba\x1cb\rc\x1c\x1c\r')])
    assert.deepEqual(up.emitted.map(String), ['a\x1cb\rc\x1c'])
  })

  test('a block over the limit is refused with the limit, the next one comes out', async () => {
    const { up } = await feed(mllpBlocks({ maxLength: 4 }), [wire('\x0b12345\x1c\r\x0b1234\x1c\r')])
    assert.equal(up.errors[0]?.code, 'FRAME_TOO_LONG')
    assert.match(up.errors[0]?.message ?? '', /4/)
    assert.deepEqual(up.emitted.map(String), ['1234'])
  })

  test('the limit is 1 MiB unless told otherwise', async () => {
    const most = Buffer.alloc(1_048_576, 'a')
    const { up } = await feed(mllpBlocks(), [
      Buffer.concat([wire('\x0b'), most, wire('\x1c\r\x0b'), most, wire('a\x1c\r')]),
    ])
    assert.deepEqual([up.emitted[0]?.length, up.emitted.length, up.errors[0]?.code], [1_048_576, 1, 'FRAME_TOO_LONG'])
  })

  test('the end of the connection within a block is told once', async () => {
    const { up } = await feed(mllpBlocks(), [wire('\x0bMSH|'), wire('a')])
    assert.deepEqual(
      up.errors.map(({ code }) => code),
      ['FRAME_UNTERMINATED'],
    )
  })

  test('messages come up as they went down; one that holds block characters does not go down', async () => {
    await roundTrip(mllpBlocks(), [wire('MSH|a\r'), wire(''), wire('a\x1c')])
    for (const bad of ['a\x0bb', 'a\x1c\rb']) {
      const { down } = await feed(mllpBlocks(), [], [wire(bad)])
      assert.deepEqual(
        down.errors.map(({ code }) => code),
        ['BUG'],
      )
    }
  })

  test('hostile bytes give coded errors and bounded memory', async () => {
    const report = await hostile(mllpBlocks({ maxLength: 64 }), wire('\x0bMSH|a\r\x1c\r'))
    assert.ok(report.inputs > 100)
  })
})

const vectors = vectorsOf('hl7-mllp')
if (vectors !== undefined) {
  const framings = vectors.filter(({ expected }) => expected.kind === 'framing')
  test(`${framings.length} block vectors give exactly their frames, and what is left over at the end is told`, async () => {
    for (const { name, hex, expected } of framings) {
      const { up } = await feed(mllpBlocks(), [Buffer.from(hex, 'hex')])
      assert.deepEqual(
        up.emitted.map((frame) => frame.toString('hex')),
        expected.frames,
        name,
      )
      const pending = String(expected.pending_hex ?? '').length / 2
      const errors = up.errors.map(({ code, message }) => `${code}: ${message}`)
      const told = `FRAME_UNTERMINATED: the connection ended ${pending} bytes into a frame`
      assert.deepEqual(errors, pending > 0 ? [told] : [], name)
    }
  })
}
