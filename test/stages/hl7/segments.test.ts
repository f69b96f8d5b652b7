import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { segmentsOf, textOfSegments } from '../../../src/stages/hl7/segments.ts'

test('segments end with CR, CR LF, or LF where one comes first; empty ones are left out', () => {
  for (const text of ['MSH|a\rPID|b\r', 'MSH|a\nPID|b', 'MSH|a\r\nPID|b\r\n', 'MSH|a\r\r\rPID|b', 'MSH|a\nPID|b\n\r']) {
    const segments = segmentsOf(text, '|')
    assert.deepEqual(
      segments.map(({ name, line }) => [name, line]),
      [
        ['MSH', 'MSH|a'],
        ['PID', 'PID|b'],
      ],
      JSON.stringify(text),
    )
    for (const { line, offset } of segments) assert.equal(text.slice(offset, offset + line.length), line)
  }
})

test('LF in a message whose segments end with CR is content', () => {
  assert.deepEqual(
    segmentsOf('MSH|a\rNTE|two\nlines\r', '|').map(({ line }) => line),
    ['MSH|a', 'NTE|two\nlines'],
  )
})

test('segments that were written are read as they were', () => {
  const field = fc.stringMatching(/^[\w ^~&\\"é日.-]*$/)
  const segment = fc.tuple(fc.stringMatching(/^[A-Z][A-Z0-9]{2}$/), fc.array(field, { maxLength: 8 }))
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1 }), fc.constantFrom('|', '#'), (given, separator) => {
      const fields = given.map(([name, others]) => [name, ...others])
      const read = segmentsOf(textOfSegments(fields, separator), separator)
      assert.deepEqual(
        read.map(({ line }) => line.split(separator)),
        fields,
      )
      assert.deepEqual(
        read.map(({ name }) => name),
        given.map(([name]) => name),
      )
    }),
  )
})
