import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { SpokenLine, type SpokenLines, spokenFormat } from '../../../src/stages/fields/spoken-line.ts'
import { keyValuePayload } from '../../../src/stages/key-value-payload.ts'

const format = (lines: SpokenLines, numbers?: 'all') => spokenFormat(keyValuePayload(), lines, numbers)
const speech = (lines: SpokenLines, line: string) => {
  const value = format(lines).decode(Buffer.from(line))
  return value instanceof SpokenLine ? value.speech : value
}

test('a line is what the first pattern says that matches all of it, else fields', () => {
  const lines: SpokenLines = [
    ['heartbeat', 'a=1'],
    ['answer', /OK|DONE \d+/],
    ['hello', /OK.*/],
  ]
  assert.equal(speech(lines, 'a=1'), 'heartbeat')
  assert.equal(speech(lines, 'OK'), 'answer')
  assert.equal(speech(lines, 'DONE 12'), 'answer')
  assert.equal(speech(lines, 'OK!'), 'hello')
  assert.deepEqual({ ...(speech(lines, 'a=12') as object) }, { a: '12' })
})

test('a text is no pattern, and a pattern keeps its groups and flags', () => {
  assert.equal(speech([['heartbeat', '[a]=.*']], '[a]=.*'), 'heartbeat')
  assert.notEqual(speech([['heartbeat', 'a=.']], 'a=1'), 'heartbeat')
  const value = format([['hello', /id (?<id>\w+)(?<key>!)?/i]]).decode(Buffer.from('ID d1'))
  assert.ok(value instanceof SpokenLine)
  assert.deepEqual([value.groups.id, value.groups.key, value.line], ['d1', undefined, 'ID d1'])
})

test('a text that patterns would take for one is itself', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (text, other) => {
      assert.ok(format([['heartbeat', text]]).decode(Buffer.from(text)) instanceof SpokenLine)
      if (text === other) return
      try {
        assert.ok(!(format([['heartbeat', text]]).decode(Buffer.from(other)) instanceof SpokenLine))
      } catch (thrown) {
        assert.ok(thrown instanceof GatewayError && thrown.code === 'BAD_CONTENT', `${thrown}`)
      }
    }),
  )
})

test('whatever the fields are, the body is JSON of them', () => {
  const name = fc.stringMatching(/^[a-z_"\\\u00e4]{1,10}$/)
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(name, fc.stringMatching(/^[0-9.e+-]{0,8}$/)), { selector: ([key]) => key, minLength: 1 }),
      (pairs) => {
        const frame = Buffer.from(pairs.map((pair) => pair.join('=')).join(';'))
        const { decode, jsonBody } = format([], 'all')
        const body = JSON.parse(`${jsonBody?.(decode(frame), frame)}`)
        for (const [key, text] of pairs) {
          assert.ok(body[key] === text || body[key] === Number(text), `${key} ${text} ${body[key]}`)
        }
      },
    ),
  )
})
