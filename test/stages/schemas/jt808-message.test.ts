import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { jt808Message } from '../../../src/stages/schemas/jt808-message.ts'
import { seeded } from '../../../src/testing.ts'
import { vectorsOf } from '../vectors.ts'

const escaped: Readonly<Record<number, number>> = { 1: 0x7d, 2: 0x7e }

/** What is between the flags, without escapes and check. */
function contentOf(frame: Buffer): Buffer {
  const content: number[] = []
  for (let at = 1; at < frame.length - 1; at++) {
    content.push(frame[at] === 0x7d ? (escaped[frame[++at] as number] as number) : (frame[at] as number))
  }
  return Buffer.from(content.slice(0, -1))
}

describe('the message schema of JT/T 808', () => {
  test('gives the headers that the vectors expect, and the same bytes back', () => {
    const none = ['error', 'stream', 'reassembled']
    const vectors = vectorsOf('jt808')?.filter(({ expected }) => !none.includes(expected.kind))
    if (vectors === undefined) return
    const versions = new Set<unknown>()
    for (const { name, hex, expected } of vectors) {
      const frame = contentOf(Buffer.from(hex, 'hex'))
      const { attributes, body, subpackage, ...message } = jt808Message.decode(frame)
      const version = attributes.version2019 ? '2019' : '2011/2013'
      versions.add(version)
      assert.deepEqual(
        [
          version,
          `0x${message.id.toString(16).padStart(4, '0')}`,
          message.terminal_id,
          message.serial,
          attributes.encryption,
        ],
        [
          String(expected.version).replace(/^201[13]$/, '2011/2013'),
          expected.message_id,
          expected.terminal_id_hex,
          expected.serial,
          expected.encryption,
        ],
        name,
      )
      assert.equal(message.protocol_version ?? null, expected.protocol_version, name)
      assert.deepEqual([attributes.body_length, body.length], [expected.body_length, expected.body_length], name)
      assert.deepEqual(subpackage, expected.subpackage, name)
      assert.deepEqual(jt808Message.encode(jt808Message.decode(frame)), frame, name)
    }
    assert.deepEqual([...versions].sort(), ['2011/2013', '2019'])
    assert.ok(vectors.length >= 70, `${vectors.length} vectors`)
  })

  test('makes up messages of both versions, whole and in parts, that come back', () => {
    const random = seeded(1)
    const shapes = new Set<string>()
    for (let count = 0; count < 300; count++) {
      const value = jt808Message.sample(random)
      shapes.add(`${value.attributes.version2019} ${value.subpackage === undefined}`)
      assert.deepEqual(jt808Message.decode(jt808Message.encode(value)), value)
    }
    assert.equal(shapes.size, 4)
  })

  test('refuses a header that is cut short, naming the field', () => {
    assert.throws(() => jt808Message.decode(Buffer.from('0100002c0123454a', 'hex')), {
      code: 'BAD_CONTENT',
      message: /jt808Message.terminal_id takes 6 bytes at 4, of 8 that there are/,
    })
  })
})
