import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../src/core/errors.ts'
import { type Escape, EscapeTable } from '../../src/stages/escapes.ts'
import { bytesOf } from './cutting.ts'
import { bytes } from './unframing.ts'

const none = Buffer.alloc(0)
const tableOf = (...escapes: [string, string, 'up'?][]) =>
  new EscapeTable(
    escapes.map(
      ([wire, content, up]): Escape => (up ? [bytes(wire), bytes(content), up] : [bytes(wire), bytes(content)]),
    ),
    'test',
  )
const jt808 = tableOf(['7d01', '7d'], ['7d02', '7e'])
const sml = tableOf(['1b1b1b1b 1b1b1b1b', '1b1b1b1b'])

function unescapedBy(table: EscapeTable, hex: string): string {
  const frame = table.unescape(bytes(hex), none, none)
  return frame instanceof GatewayError ? frame.message : frame.toString('hex')
}

function escapedBy(table: EscapeTable, content: Buffer): Buffer {
  const target = Buffer.alloc(Math.ceil(content.length * table.expansion))
  return target.subarray(0, table.escape(content, target, 0))
}

describe('a table of escapes', () => {
  test('what comes out of an escape is never taken for one', () => {
    assert.equal(unescapedBy(jt808, '7d01 02'), '7d02')
    assert.equal(unescapedBy(jt808, '11 7d02 01 22'), '117e0122')
    assert.equal(escapedBy(jt808, bytes('7d02')).toString('hex'), '7d0102')
  })

  test('the lead with anything else, or nothing, behind it is damage, said with its place', () => {
    assert.equal(unescapedBy(jt808, '11 7d03 22'), '7d03 at byte 1 of a body of 4 is no escape')
    assert.equal(unescapedBy(jt808, '11 7d'), '7d at byte 1 of a body of 2 is no escape')
    const error = jt808.unescape(bytes('7d'), none, none)
    assert.ok(error instanceof GatewayError && error.code === 'FRAME_DAMAGED')
  })

  test('a body without escapes is given as it is; one with them in one copy, with what is to stand around it', () => {
    const body = bytes('1122')
    assert.equal(jt808.unescape(body, bytes('aa'), bytes('bb')), body)
    const frame = jt808.unescape(bytes('11 7d02 22'), bytes('aa'), bytes('bbcc'))
    assert.ok(Buffer.isBuffer(frame))
    assert.equal(frame.toString('hex'), 'aa117e22bbcc')
  })

  test('escapes of several bytes are found from left to right; a part of the lead is content', () => {
    assert.equal(escapedBy(sml, Buffer.alloc(5, 0x1b)).length, 9)
    assert.equal(unescapedBy(sml, '1b'.repeat(9)), '1b'.repeat(5))
    assert.equal(unescapedBy(sml, '1b1b1b 00 1b'), '1b1b1b001b')
  })

  test('an escape for the way up is understood and not written', () => {
    const table = tableOf(['7d01', '7d'], ['7d04', '2c', 'up'])
    assert.equal(unescapedBy(table, '7d04 2c'), '2c2c')
    assert.equal(escapedBy(table, bytes('2c7d')).toString('hex'), '2c7d01')
  })

  test('how far to step tells an escape, none, and too few bytes', () => {
    const steps = (hex: string) => jt808.stepAt(bytes(hex), 0)
    assert.deepEqual(['7d01', '7d03', '7d', '11'].map(steps), [2, 1, 0, 1])
    const long = tableOf(['10 aa bb', '10'], ['10 aa cc', '11'])
    assert.deepEqual(
      ['10', '10aa', '10ab', '10aabb', '10aadd'].map((hex) => long.stepAt(bytes(hex), 0)),
      [0, 0, 1, 3, 1],
    )
  })

  test('unescaping what was escaped gives it back', () => {
    const tables = [
      jt808,
      sml,
      tableOf(['1010', '10']),
      tableOf(['7d7dab', '7d7d'], ['7d7dac', '1b'], ['7d7dad', '01', 'up']),
    ]
    fc.assert(
      fc.property(fc.constantFrom(...tables), bytesOf([0x7d, 0x7e, 1, 2, 0x1b, 0x10, 0xab], 20), (table, content) => {
        const wire = escapedBy(table, content)
        assert.ok(wire.length <= content.length * table.expansion)
        const frame = table.unescape(wire, none, none)
        // Part of a lead of several bytes is content, and can make a lead with what follows; the framings refuse to send that.
        if (table.lead.length > 1 && (frame instanceof GatewayError || !frame.equals(content))) return
        assert.ok(Buffer.isBuffer(frame) && frame.equals(content))
      }),
    )
  })

  test('escapes that could be mistaken for each other are refused, and what they stand for as well', () => {
    const cases: [[string, string, 'up'?][], RegExp][] = [
      [[['7d', '7e']], /test: the escape 7d must have 2 bytes or more/],
      [[['7d01', '7d7e7f']], /7d01 must have 2 bytes or more, and not fewer than it stands for/],
      [[['', '7d']], /test: an escape must not be empty/],
      [[['7d01', '']], /test: what an escape stands for must not be empty/],
      [
        [
          ['7d01', '7d'],
          ['7d01', '7e'],
        ],
        /7d01 also begins another/,
      ],
      [
        [
          ['7d01', '7d'],
          ['7d0102', '7e'],
        ],
        /7d01 also begins another/,
      ],
      [
        [
          ['7d0102', '7e'],
          ['7d03', '7d'],
          ['7d01', '7f'],
        ],
        /7d01 also begins another/,
      ],
      [
        [
          ['7d01', '7d'],
          ['7d02', '7d'],
        ],
        /7d also begins another/,
      ],
      [
        [
          ['7d01', '7d'],
          ['7e01', '7e'],
        ],
        /must begin with the same byte, not 7d01, 7e01/,
      ],
    ]
    for (const [escapes, message] of cases) {
      assert.throws(() => tableOf(...escapes), { code: 'CONFIGURATION', message })
    }
    tableOf(['7d01', '7d'], ['7d02', '7d', 'up'])
    assert.throws(() => tableOf(['7d01', '7d', 'down' as 'up']), {
      code: 'CONFIGURATION',
      message: /must be 'up', not down/,
    })
  })
})
