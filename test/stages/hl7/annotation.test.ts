import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { GatewayError } from '../../../src/core/errors.ts'
import { annotateBlocks } from '../../../src/stages/hl7/annotation.ts'
import { block, message, patient, pulse } from './messages.ts'

test('a block is shown field by field, with the places and bytes of each', () => {
  const wire = block('MSH|^~\\&|A\rOBX|1||x\rOBX|2\r')
  assert.equal(
    annotateBlocks(wire),
    `offset  bytes                    field        value
     0  0b                       start block
     1  4d 53 48                 MSH          "MSH"
     4  7c                       MSH-1        "|"
     5  5e 7e 5c 26              MSH-2        "^~\\\\&"
    10  41                       MSH-3        "A"
    12  4f 42 58                 OBX          "OBX"
    16  31                       OBX-1        "1"
    19  78                       OBX-3        "x"
    21  4f 42 58                 OBX[2]       "OBX"
    25  32                       OBX[2]-1     "2"
    27  1c 0d                    end block
`,
  )
})

test('several blocks, what lies between them, and one without an end are shown', () => {
  const pieces = [block('MSH|^~\\&|A\r'), Buffer.from('$$'), block('hello'), Buffer.from('\x0bMSH|\x0bPID')]
  const shown = annotateBlocks(Buffer.concat(pieces))
  const lines = shown.split('\n').filter((line) => line.startsWith(' '))
  const fields = lines.map((line) => line.slice(33).split('  ')[0]?.trim())
  assert.deepEqual(fields.slice(5), [
    'end block',
    'between blocks',
    'start block',
    'no HL7 message',
    'end block',
    'start block',
    'MSH',
    'MSH-1',
    'start block',
    'no HL7 message',
  ])
  assert.match(shown, /FRAME_UNTERMINATED: the last block has no end\n$/)
})

test('a message that was pasted without its block is shown as well', () => {
  const shown = annotateBlocks(message({ 3: 'Müller', 18: '8859/1' }, patient, pulse))
  assert.match(shown, /^ +0 {2}4d 53 48 +MSH/m)
  assert.doesNotMatch(shown, /block/)
})

test('fields are shown in the character set of the message', () => {
  assert.match(
    annotateBlocks(Buffer.from(message({ 3: 'Müller', 18: '8859/1' }).toString(), 'latin1')),
    /MSH-3 +"Müller"/,
  )
})

test('bytes that hold neither a block nor a message are refused without being quoted', () => {
  for (const text of ['', 'zebra']) {
    assert.throws(
      () => annotateBlocks(Buffer.from(text)),
      ({ code, message: why }: GatewayError) => code === 'BAD_CONTENT' && why.includes(`${text.length} bytes`),
    )
  }
})

test('any bytes with a block are shown, and none twice', () => {
  const piece = fc.oneof(
    fc.uint8Array(),
    fc.constantFrom(Buffer.from('\x0b'), Buffer.from('\x1c\r'), message({}, pulse)),
  )
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const bytes = Buffer.concat([Buffer.from('\x0b'), ...pieces])
      const shown = [...annotateBlocks(bytes).matchAll(/^ *(\d+|offset)? {2,}((?:[\da-f]{2} ?)+)/gm)]
      const count = shown.reduce((sum, [, , digits = '']) => sum + digits.trim().split(' ').length, 0)
      assert.ok(count <= bytes.length)
    }),
  )
})
