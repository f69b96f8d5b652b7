import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { isAis, readSentence, writeSentence } from '../../../src/stages/nmea/sentence.ts'
import { said } from '../../../src/stages/nmea/sentence-types.ts'

const meaning = (type: string, fields: readonly string[]) => said({ talker: 'GP', type, fields })

const field = fc.stringMatching(/^[\w .+-]{0,8}$/)
const tag = fc.tuple(fc.constantFrom('s', 'c', 'g', 'n', 'd', '__proto__'), fc.stringMatching(/^[\w:-]{0,8}$/))
const sentences = fc.record({
  tags: fc.option(fc.uniqueArray(tag, { minLength: 1, maxLength: 4, selector: ([key]) => key }), { nil: undefined }),
  start: fc.constantFrom('$' as const, '!' as const),
  talker: fc.constantFrom('GP', 'AI', 'P'),
  type: fc.constantFrom('RMC', 'GGA', 'VDM', 'XYZ'),
  fields: fc.array(field, { maxLength: 20 }),
})

test('a sentence that is written is read as it was, tag blocks included', () => {
  fc.assert(
    fc.property(sentences, ({ tags, ...rest }) => {
      const whole = { ...rest, tags: tags === undefined ? undefined : Object.fromEntries(tags) }
      const { checksum, ...read } = readSentence(writeSentence(whole))
      assert.match(checksum ?? '', /^[\dA-F]{2}$/)
      assert.deepEqual(read, whole)
    }),
  )
})

test('any text is a sentence or is refused with a code; a sentence with any character changed is refused', () => {
  const coded = (text: string) => {
    try {
      said(readSentence(text))
      return true
    } catch (thrown) {
      assert.ok(
        thrown instanceof GatewayError && ['BAD_CONTENT', 'CHECKSUM_MISMATCH'].includes(thrown.code),
        String(thrown),
      )
      return false
    }
  }
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void coded(text)))
  fc.assert(
    fc.property(sentences, fc.nat(), fc.integer({ min: 1, max: 127 }), (sentence, place, change) => {
      const bytes = Buffer.from(writeSentence({ ...sentence, tags: undefined }), 'latin1')
      const at = place % bytes.length
      bytes[at] = (bytes[at] as number) ^ change
      const text = bytes.toString('latin1')
      // Letters of the checksum may be small, and its start is not part of it.
      const isSame =
        at >= bytes.length - 2 && text.toUpperCase() === writeSentence({ ...sentence, tags: undefined }).toUpperCase()
      if (at > 0 && !isSame) assert.equal(coded(text), false, text)
    }),
  )
})

test('fields of every type that are random are numbers, texts or null, or refused', () => {
  const types = ['RMC', 'GGA', 'GLL', 'VTG', 'GSA', 'ZDA', 'HDT', 'HDG', 'MWV', 'DPT', 'DBT', 'MTW', 'XDR', '__proto__']
  const likely = fc.oneof(field, fc.constantFrom('', 'A', 'N', 'S', 'E', 'W', 'T', '123.4', '5250.5', '010203.4'))
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.array(likely, { maxLength: 20 }), (type, fields) => {
      try {
        assert.ok(!JSON.stringify(meaning(type, fields)).includes('NaN'))
      } catch (thrown) {
        assert.equal((thrown as GatewayError).code, 'BAD_CONTENT')
      }
    }),
  )
})

test('errors tell what is wrong in numbers', () => {
  const wrong: [string, string, RegExp][] = [
    ['hello', 'BAD_CONTENT', /a line of 5 characters is no sentence/],
    ['$GPHDT,1,T', 'BAD_CONTENT', /the sentence has no checksum/],
    ['$GPHDT,1,T*00', 'CHECKSUM_MISMATCH', /checksum is 00, it is 2A/],
    ['\\s:x*00\\$GPHDT,1,T*2A', 'CHECKSUM_MISMATCH', /a tag block says/],
    ['$GPH,1*42', 'BAD_CONTENT', /address/],
  ]
  for (const [text, code, message] of wrong) assert.throws(() => readSentence(text), { code, message }, text)
  assert.throws(() => meaning('HDT', ['x']), {
    code: 'BAD_CONTENT',
    message: /field 1 of the sentence is not a number/,
  })
  assert.throws(() => meaning('GLL', ['9100', 'N']), {
    message: /field 1 of the sentence is not degrees and minutes up to 90/,
  })
  assert.throws(() => meaning('GLL', ['4560', 'N']), { message: /field 1/ })
  assert.throws(() => meaning('GLL', ['4500', 'X']), { message: /field 2 of the sentence is not N or S/ })
})

test('a makers own sentence is P and all that follows', () => {
  for (const type of ['GRME', 'RMC', 'VDM']) {
    const own = { tags: undefined, start: '!' as const, talker: 'P', type, fields: ['1', '1', '', 'A', '0', '0'] }
    const sentence = readSentence(writeSentence(own))
    assert.deepEqual([sentence.talker, sentence.type, isAis(sentence)], ['P', type, false])
    assert.deepEqual(said(sentence), { fields: own.fields })
  }
})

test('the old form of VTG has no letters between its numbers', () => {
  const speeds = { course_true_deg: 54.7, course_magnetic_deg: 34.4, speed_kn: 5.5, speed_kmh: 10.2 }
  assert.deepEqual(meaning('VTG', ['054.7', '034.4', '005.5', '010.2']), speeds)
  assert.deepEqual(meaning('VTG', ['054.7', 'T', '034.4', 'M', '005.5', 'N', '010.2', 'K']), speeds)
})

test('a status that is not there is neither valid nor invalid', () => {
  const validity = (type: string, at: number) =>
    ['A', 'V', '', undefined].map((status) => {
      const fields = [...Array<string>(at).fill(''), ...(status === undefined ? [] : [status])]
      return meaning(type, fields).valid
    })
  for (const [type, at] of [
    ['RMC', 1],
    ['GLL', 5],
    ['MWV', 4],
  ] as const) {
    assert.deepEqual(validity(type, at), [true, false, null, null], type)
  }
})

test('an angle without its side costs that angle only', () => {
  const variation = (...fields: string[]) => meaning('RMC', [...Array(9).fill(''), ...fields]).magnetic_variation_deg
  const cases: [string[], number | null][] = [
    [['4.2', 'E'], 4.2],
    [['4.2', 'W'], -4.2],
    [['4.2', ''], null],
    [['4.2'], null],
    [['', 'W'], null],
    [['-4.2', 'E'], -4.2],
    [['-4.2', 'W'], null],
  ]
  for (const [fields, degrees] of cases) assert.equal(variation(...fields), degrees, String(fields))
  assert.deepEqual(meaning('HDG', ['98.3', '0.1', '', '12.6', '']), {
    heading_magnetic_deg: 98.3,
    deviation_deg: null,
    variation_deg: null,
  })
  assert.throws(() => meaning('HDG', ['98.3', '0.1', 'X']), { code: 'BAD_CONTENT', message: /field 3 .* E or W/ })
})

test('a position with a sign as well as a side, and a number too large for any, are refused', () => {
  for (const sign of ['N', 'S']) {
    assert.throws(() => meaning('GLL', ['-4500', sign]), { code: 'BAD_CONTENT', message: /field 1 .* without a sign/ })
  }
  assert.throws(() => meaning('MTW', ['9'.repeat(400), 'C']), { code: 'BAD_CONTENT', message: /field 1 .* a number/ })
})
