import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Outcome } from '../../../src/core/items.ts'
import { acknowledgement, codeOf } from '../../../src/stages/hl7/acknowledgement.ts'
import { type Hl7Header, readHeader } from '../../../src/stages/hl7/header.ts'
import { mllpBlocks } from '../../../src/stages/mllp/blocks.ts'
import { type HeaderFields, message } from './messages.ts'

const headerOf = (fields: HeaderFields = {}, encoding: BufferEncoding = 'utf8') => {
  const bytes = Buffer.from(message(fields).toString(), encoding)
  return readHeader(bytes.toString('latin1')) as Hl7Header
}

const said = { code: 'AA', controlId: 'GW1', time: new Date('2026-01-01T00:00:00Z') } as const

describe('an acknowledgement', () => {
  test('changes the sides of the header, and names the message', () => {
    assert.equal(
      acknowledgement(headerOf(), said).toString(),
      'MSH|^~\\&|LAB|MAIN|MONITOR-7|ICU|20260101000000||ACK^R01^ACK|GW1|P|2.5.1\rMSA|AA|M1\r',
    )
  })

  test('says why in MSA-3', () => {
    const text = acknowledgement(headerOf(), { ...said, code: 'AR', text: 'no more' }).toString()
    assert.match(text, /\rMSA\|AR\|M1\|no more\r$/)
  })

  test('is in the delimiters of the message', () => {
    assert.equal(
      acknowledgement(headerOf({ 1: '^', 2: '~|\\&', 9: 'ADT~A24' }), said).toString(),
      'MSH^~|\\&^LAB^MAIN^MONITOR-7^ICU^20260101000000^^ACK~A24~ACK^GW1^P^2.5.1\rMSA^AA^M1\r',
    )
  })

  test('is plain ACK for a message without a trigger', () => {
    assert.match(acknowledgement(headerOf({ 9: 'ADT' }), said).toString(), /\|\|ACK\|GW1\|/)
  })

  test('copies names byte for byte, and then says in which character set they are', () => {
    const latin = acknowledgement(headerOf({ 3: 'Müller', 18: '8859/1' }, 'latin1'), said)
    assert.match(latin.toString('latin1'), /\|Müller\|ICU\|.*\|2.5.1\|\|\|\|\|\|8859\/1\rMSA/)
    const utf8 = acknowledgement(headerOf({ 3: 'Müller' }), said)
    assert.match(utf8.toString(), /\|Müller\|ICU\|.*\|2.5.1\rMSA/)
    assert.doesNotMatch(acknowledgement(headerOf({ 18: '8859/1' }), said).toString(), /8859/)
  })

  test('has no delimiter in MSA-3, whatever they are, and at most 80 characters there', () => {
    const text = `a|b^c~d\\e&f\rü ${'x'.repeat(100)}`
    const [, msa = ''] = acknowledgement(headerOf(), { ...said, text })
      .toString()
      .split('\r')
    assert.equal(msa, `MSA|AA|M1|a b c d e f   ${'x'.repeat(66)}`)
  })

  test('of a message whose delimiters cannot be used has the usual ones', () => {
    assert.match(acknowledgement(headerOf({ 2: '' }), said).toString(), /^MSH\|\^~\\&\|LAB/)
  })

  test('is one block of two segments, whatever the message holds', () => {
    const blocks = mllpBlocks()
    const fields = fc.dictionary(
      fc.constantFrom('2', '3', '4', '5', '6', '9', '10', '11', '12', '18'),
      fc.string({ unit: fc.constantFrom('a', '\x1c', '\x0b', '\r', '\n', '|', '^', '\x00', 'é'), maxLength: 5 }),
    )
    fc.assert(
      fc.property(fields, (given) => {
        const header = readHeader(message(given).toString('latin1'))
        if (header === undefined) return
        const answer = acknowledgement(header, { ...said, text: 'why' })
        blocks.frame(answer)
        assert.equal(answer.toString('latin1').split('\r').length, 3)
      }),
    )
  })
})

describe('which acknowledgement a message gets', () => {
  const outcomes: readonly Outcome[] = ['complete', 'abandon', 'reject']
  const codes = (mode: 'original' | 'enhanced', accept: string, application: string) =>
    outcomes.map((outcome) => codeOf(headerOf({ 15: accept, 16: application }), outcome, mode) ?? '-').join(' ')

  test('in original mode: AA, AE or AR, whatever is asked for', () => {
    for (const accept of ['', 'AL', 'NE', 'ER', 'SU']) assert.equal(codes('original', accept, 'NE'), 'AA AE AR')
  })

  for (const [accept, application, expected] of [
    ['', '', 'AA AE AR'],
    ['AL', '', 'CA CE CR'],
    ['AL', 'AL', 'CA CE CR'],
    ['ER', '', '- CE CR'],
    ['SU', '', 'CA - -'],
    ['NE', '', '- - -'],
    ['NE', 'NE', '- - -'],
    ['NE', 'AL', 'AA AE AR'],
    ['NE', 'ER', '- AE AR'],
    ['ER', 'AL', 'AA CE CR'],
    ['', 'SU', 'AA - -'],
  ] as const) {
    test(`in enhanced mode, of a message that asks for '${accept}' and '${application}': ${expected}`, () => {
      assert.equal(codes('enhanced', accept, application), expected)
    })
  }
})
