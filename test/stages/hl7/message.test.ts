import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { faultOf, readHeader } from '../../../src/stages/hl7/header.ts'
import { decodeMessage, type Hl7Message } from '../../../src/stages/hl7/message.ts'
import { textOfSegments } from '../../../src/stages/hl7/segments.ts'
import { headerOf, message, patient, pulse } from './messages.ts'

function decoded(bytes: Buffer): Hl7Message {
  const header = readHeader(bytes.toString('latin1'))
  assert.ok(header !== undefined)
  return decodeMessage(bytes, header, 'UNICODE UTF-8')
}

describe('a message', () => {
  test('gives its header, the names of its segments, its observations and all of its text', () => {
    const bytes = message({ 15: 'AL', 16: 'NE' }, patient, ['OBR', '1'], pulse, [...pulse.slice(0, 6)])
    assert.deepEqual(decoded(bytes), {
      kind: 'message',
      field_separator: '|',
      encoding_characters: '^~\\&',
      sending_application: 'MONITOR-7',
      sending_facility: 'ICU',
      receiving_application: 'LAB',
      receiving_facility: 'MAIN',
      message_time: '20260102030405',
      message_type: 'ORU',
      trigger: 'R01',
      control_id: 'M1',
      processing_id: 'P',
      version: '2.5.1',
      accept_ack_type: 'AL',
      application_ack_type: 'NE',
      segments: ['MSH', 'PID', 'OBR', 'OBX', 'OBX'],
      obx: [
        { value_type: 'NM', id: '8867-4^Heart rate^LN', value: '72', units: '/min', status: 'F' },
        { value_type: 'NM', id: '8867-4^Heart rate^LN', value: '72', units: '', status: '' },
      ],
      charset: 'utf-8',
      text: bytes.toString(),
    })
  })

  test('has an empty text for a field that is not there, and null for an acknowledgement that is not asked for', () => {
    const short = decoded(Buffer.from('MSH|^~\\&|A||||||ADT|7'))
    assert.deepEqual(
      [short.receiving_application, short.message_time, short.processing_id, short.version],
      ['', '', '', ''],
    )
    assert.deepEqual([short.trigger, short.accept_ack_type, short.application_ack_type], [null, null, null])
    assert.equal('obx' in short, false)
    assert.equal(decoded(message({ 15: '', 16: '' })).accept_ack_type, null)
  })

  test('that acknowledges is of another kind, with MSA-1 and MSA-2', () => {
    const ack = decoded(message({ 9: 'ACK^R01^ACK' }, ['MSA', 'AE', 'M7', 'busy']))
    assert.deepEqual([ack.kind, ack.msa_code, ack.msa_control_id], ['ack', 'AE', 'M7'])
    const bare = decoded(message({ 9: 'ACK' }))
    assert.deepEqual([bare.kind, bare.trigger, bare.msa_code, bare.msa_control_id], ['ack', null, '', ''])
    const reply = decoded(message({ 9: 'ORR^O02' }, ['MSA', 'AA', 'M7']))
    assert.deepEqual([reply.kind, 'msa_code' in reply], ['message', false])
  })

  test('is read by its own delimiters', () => {
    const bytes = message({ 1: '#', 2: '*!\\&', 9: 'ORU*R01' }, pulse)
    const { trigger, obx } = decoded(bytes)
    assert.deepEqual([trigger, obx?.[0]?.value], ['R01', '72'])
  })

  test('is read in the character set of MSH-18, also where its bytes look like delimiters', () => {
    const nihon = Buffer.from('1b2442467c4b5c1b2842', 'hex')
    const bytes = Buffer.concat([
      message({ 3: 'A', 18: '~ISO IR87' }),
      Buffer.from('OBX|1|TX|c||'),
      nihon,
      Buffer.from('||||||F\r'),
    ])
    const { obx, charset } = decoded(bytes)
    assert.deepEqual([charset, obx?.[0]?.value, obx?.[0]?.status], ['iso-2022-jp', '日本', 'F'])
    const latin = Buffer.from(message({ 3: 'Müller', 18: '8859/1' }).toString(), 'latin1')
    assert.deepEqual([decoded(latin).sending_application, decoded(latin).charset], ['Müller', 'iso-8859-1'])
  })

  test('in bytes that are not of its character set is taken, a character a byte', () => {
    const latin = Buffer.from(message({ 3: 'Müller' }).toString(), 'latin1')
    const { sending_application, charset, text } = decoded(latin)
    assert.deepEqual([sending_application, charset], ['Müller', null])
    assert.deepEqual(Buffer.from(text, 'latin1'), latin)
  })

  test('that was written is read as it was', () => {
    const field = fc.stringMatching(/^[\w .\-é日]{0,12}$/)
    const observation = fc.record(
      { value_type: field, id: field, value: field, units: field, status: field },
      { noNullPrototype: true },
    )
    fc.assert(
      fc.property(fc.array(field, { minLength: 6, maxLength: 6 }), fc.array(observation), (names, observations) => {
        const [app = '', facility = '', to = '', toFacility = '', id = '', type = ''] = names
        const header = headerOf({ 3: app, 4: facility, 5: to, 6: toFacility, 9: `${type}^T`, 10: id })
        const lines = observations.map((each) => [
          'OBX',
          '',
          each.value_type,
          each.id,
          '',
          each.value,
          each.units,
          '',
          '',
          '',
          '',
          each.status,
        ])
        const text = textOfSegments([header, ...lines])
        const read = decoded(Buffer.from(text))
        assert.deepEqual(
          [read.sending_application, read.sending_facility, read.receiving_application, read.receiving_facility],
          names.slice(0, 4),
        )
        assert.deepEqual([read.control_id, read.message_type, read.trigger, read.text], [id, type, 'T', text])
        assert.deepEqual(read.obx ?? [], observations)
      }),
    )
  })

  test('whatever was done to its bytes is read without a throw, and nothing of it is lost', () => {
    const good = message({}, patient, pulse)
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        const bytes = Buffer.from(good)
        for (const [at, byte] of changes) bytes[at] = byte
        const header = readHeader(bytes.toString('latin1'))
        if (header === undefined || faultOf(header) !== undefined) return
        const { text, charset } = decodeMessage(bytes, header, 'UNICODE UTF-8')
        assert.deepEqual(Buffer.from(text, charset === 'utf-8' ? 'utf8' : 'latin1'), bytes)
      }),
    )
  })
})
