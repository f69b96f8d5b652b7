import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Connection } from '../../../src/core/connection.ts'
import { GatewayError } from '../../../src/core/errors.ts'
import { command, type Hello, type Outcome, receipt, type Telemetry, telemetry } from '../../../src/core/items.ts'
import { hl7 } from '../../../src/stages/hl7/codec.ts'
import type { Hl7Options } from '../../../src/stages/hl7/options.ts'
import { type Fed, feed, stepOf } from '../../../src/testing.ts'
import { type HeaderFields, message, patient, pulse } from './messages.ts'

const fixed = { clock: () => new Date('2026-01-01T00:00:00Z'), controlId: () => 'GW1' }

async function identified(deviceId: string): Promise<Connection> {
  const connection = new Connection({ id: 'c', pipeline: 'p' })
  await connection.identify({ deviceId, credentials: { type: 'policy' } })
  return connection
}

const up = async (blocks: readonly Buffer[], options: Hl7Options = {}, connection?: Connection) =>
  (await feed(hl7({ ...fixed, ...options }), blocks, [], connection)).up

const kinds = ({ emitted }: Fed<{ kind: string }, unknown>) => emitted.map(({ kind }) => kind)
const codes = ({ errors }: Fed<unknown, unknown>) => errors.map(({ code }) => code)
const msaOf = (block: unknown) => String(block).split('\r')[1]

async function reading(fields: HeaderFields = {}, options: Hl7Options = {}): Promise<Telemetry> {
  const { emitted } = await up([message(fields, patient, pulse)], options)
  const [, item] = emitted
  assert.ok(item?.kind === 'telemetry')
  return item
}

describe('hl7, from the device', () => {
  test('a hello goes in front of the first message, and only there', async () => {
    const fed = await up([message(), message({ 10: 'M2' })])
    assert.deepEqual([kinds(fed), codes(fed), fed.replied], [['hello', 'telemetry', 'telemetry'], [], []])
    const [first] = fed.emitted as [Hello]
    assert.deepEqual(first.deviceId, 'MONITOR-7:ICU')
    assert.deepEqual(first.value, { sending_application: 'MONITOR-7', sending_facility: 'ICU' })
  })

  test('a message is JSON with protocol, type and processing id beside it', async () => {
    const item = await reading({ 7: '20260102030405+0100' })
    assert.deepEqual([item.contentType, item.contentEncoding], ['application/json', 'utf-8'])
    assert.deepEqual(item.properties, { protocol: 'hl7', type: 'ORU^R01', processing_id: 'P' })
    assert.equal(item.creationTimeUtc, '2026-01-02T02:04:05.000Z')
    const body = JSON.parse(item.body.toString())
    assert.equal(body.text, message({ 7: '20260102030405+0100' }, patient, pulse).toString())
    assert.equal('payload_bytes' in body, false)
  })

  test('its time is not told where it names no zone', async () => {
    assert.equal((await reading()).creationTimeUtc, undefined)
  })

  test('the length of the block is told with the envelope', async () => {
    const { body } = await reading({}, { envelope: true })
    assert.equal(JSON.parse(body.toString()).payload_bytes, message({}, patient, pulse).length)
  })

  test('as hl7, the body is the message byte for byte', async () => {
    const latin = Buffer.from(message({ 3: 'Müller', 18: '8859/1' }).toString(), 'latin1')
    for (const [bytes, encoding] of [
      [message({}, pulse), 'utf-8'],
      [latin, 'iso-8859-1'],
      [Buffer.from(message({ 3: 'Müller' }).toString(), 'latin1'), undefined],
    ] as const) {
      const item = (await up([bytes], { body: 'hl7' })).emitted[1] as Telemetry
      assert.deepEqual(
        [item.body, item.contentType, item.contentEncoding],
        [bytes, 'x-application/hl7-v2+er7', encoding],
      )
      assert.equal(item.properties.type, 'ORU^R01')
    }
  })

  test('the message id is the same for the same message, another for any other, and one that IoT Hub takes', async () => {
    const id = async (fields: HeaderFields) => (await reading(fields)).messageId ?? ''
    assert.equal(await id({}), await id({}))
    assert.notEqual(await id({}), await id({ 10: 'M2' }))
    assert.notEqual(await id({}), await id({ 3: 'MONITOR-8' }))
    assert.notEqual(await id({}), await id({ 7: '20260102030406' }), 'a sender that numbers anew')
    for (const control of ['M1', 'a b/ü^', 'x'.repeat(300)])
      assert.match(await id({ 10: control }), /^[\w.-]{1,64}-[\da-f]{12}$/)
  })

  test('properties hold nothing that an HTTP header could not', async () => {
    const { properties } = await reading({ 9: 'ZÜ^\t1', 11: 'P\x00' })
    assert.match(Object.values(properties).join(''), /^[ -~]*$/)
  })

  test('an acknowledgement goes up and is never answered', async () => {
    const ack = message({ 9: 'ACK^R01^ACK' }, ['MSA', 'AA', 'M7'])
    const fed = await up([ack])
    const [first, item] = fed.emitted as [Hello, Telemetry]
    assert.deepEqual([first.tag, item.tag, item.properties.type], [undefined, undefined, 'ACK^R01'])
    for (const each of [first, item]) {
      for (const outcome of ['complete', 'reject'] as const) {
        assert.deepEqual((await feed(hl7(), [], [receipt<Hello | Telemetry>(each, outcome)])).down.emitted, [])
      }
    }
  })

  test('what is no message is refused with its length and not answered', async () => {
    const fed = await up([Buffer.from('zebra'), Buffer.alloc(0)])
    assert.deepEqual([codes(fed), fed.replied, fed.emitted], [['BAD_CONTENT', 'BAD_CONTENT'], [], []])
    assert.match(fed.errors[0]?.message ?? '', /5 bytes/)
    assert.doesNotMatch(fed.errors[0]?.message ?? '', /zebra/)
  })

  test('a header that cannot be taken is answered AR at once before the device is known', async () => {
    const fed = await up([message({ 12: '3.0' }), message()])
    assert.deepEqual(
      [codes(fed), fed.replied.map(msaOf)],
      [['BAD_CONTENT'], ['MSA|AR|M1|MSH-12 (version) is not one of HL7 2']],
    )
    assert.deepEqual(kinds(fed), ['hello', 'telemetry'])
  })

  test('later it is refused in its place, with the mark that its AR needs', async () => {
    const connection = await identified('MONITOR-7:ICU')
    const half = stepOf(hl7(fixed).open(connection).up)
    const failed: Telemetry[] = []
    const never = () => assert.fail('that was not to happen')
    half(message({ 10: '' }, patient), { emit: never, reply: never, fail: (_, item) => failed.push(item as Telemetry) })
    const [item] = failed as [Telemetry]
    assert.deepEqual(item.body, message({ 10: '' }, patient))
    const why = new GatewayError('BAD_CONTENT', 'MSH-10 (message control ID) is empty', { stage: 'hl7.up' })
    const { down } = await feed(hl7(fixed), [], [receipt(item, 'reject', why)])
    assert.deepEqual(down.emitted.map(msaOf), ['MSA|AR||MSH-10 (message control ID) is empty'])
  })

  test('an acknowledgement with a bad header is refused without an answer', async () => {
    const fed = await up([message({ 9: 'ACK', 10: '' })])
    assert.deepEqual([codes(fed), fed.replied], [['BAD_CONTENT'], []])
  })

  test('a message that the hub could not take is refused with its size and the limit, before it is decoded', async () => {
    const bytes = message({}, ['OBX', '1', 'ED', 'c', '', 'x'.repeat(261_120)])
    const fed = await up([bytes])
    assert.deepEqual(codes(fed), ['MESSAGE_TOO_LARGE'])
    assert.equal(
      msaOf(fed.replied[0]),
      `MSA|AR|M1|a message of ${bytes.length} bytes exceeds the hub's limit of 261119`,
    )
  })

  test('whatever was done to its bytes, the only errors are coded ones that quote nothing of it', async () => {
    const good = message({ 3: 'quokka' }, patient, pulse)
    const change = fc.tuple(fc.nat(good.length - 1), fc.nat(255))
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 12 }), fc.boolean(), async (changes, known) => {
        const bytes = Buffer.from(good)
        for (const [at, byte] of changes) bytes[at] = byte
        const fed = await up([bytes], {}, known ? await identified('other') : undefined)
        for (const { code, message: text } of fed.errors) {
          assert.ok(['BAD_CONTENT', 'BAD_HELLO'].includes(code), code)
          assert.doesNotMatch(text, /quokka|ZEBRA/)
        }
      }),
    )
  })
})

describe('hl7, who the device is', () => {
  test('a first message that names no sender is a bad hello, answered AR', async () => {
    const fed = await up([message({ 3: '', 4: '' })])
    assert.deepEqual([codes(fed), fed.emitted], [['BAD_HELLO'], []])
    assert.match(String(msaOf(fed.replied[0])), /^MSA\|AR\|M1\|MSH-3 and MSH-4/)
  })

  test('so is one whose name IoT Hub does not take', async () => {
    assert.deepEqual(codes(await up([message({ 3: 'x'.repeat(129) })])), ['BAD_HELLO'])
  })

  test('another sender than the first is refused, in whatever order', async () => {
    const fed = await up([message(), message({ 3: 'MONITOR-8' })])
    assert.deepEqual([codes(fed), kinds(fed)], [['IDENTITY_CHANGED'], ['hello', 'telemetry']])
  })

  test('with a fixed device, messages of all senders are taken for it', async () => {
    const fed = await up([message(), message({ 3: 'MONITOR-8' }), message({ 3: '', 4: '' })], { deviceId: 'engine-1' })
    assert.deepEqual([codes(fed), kinds(fed)], [[], ['hello', 'telemetry', 'telemetry', 'telemetry']])
    assert.equal((fed.emitted[0] as Hello).deviceId, 'engine-1')
  })

  test('a function is asked with the message and the connection; who it does not know is refused', async () => {
    const connection = new Connection({ id: 'c', pipeline: 'p', peer: { address: '10.0.0.7', port: 1 } })
    const deviceId: Hl7Options['deviceId'] = ({ sending_facility }, { peer }) =>
      sending_facility === 'ICU' ? `icu-${peer.address}` : undefined
    const fed = await up([message()], { deviceId }, connection)
    assert.equal((fed.emitted[0] as Hello).deviceId, 'icu-10.0.0.7')
    assert.deepEqual(codes(await up([message({ 4: 'ER' })], { deviceId })), ['BAD_HELLO'])
  })

  test('what a function throws refuses that message, and is not told to the sender', async () => {
    const deviceId = () => {
      throw new Error('zebra')
    }
    const fed = await up([message()], { deviceId })
    assert.deepEqual([codes(fed), fed.replied.map(msaOf)], [['BAD_CONTENT'], ['MSA|AR|M1|the option deviceId throws']])
  })

  test('on a connection that was identified otherwise, the first sender is that device', async () => {
    const fed = await up([message(), message({ 3: 'MONITOR-8' })], {}, await identified('bed-4'))
    assert.deepEqual([kinds(fed), codes(fed)], [['telemetry'], ['IDENTITY_CHANGED']])
  })
})

describe('hl7, to the device', () => {
  const answers = async (
    outcome: Outcome,
    error?: GatewayError,
    fields: HeaderFields = {},
    options: Hl7Options = {},
  ) => {
    const item = await reading(fields)
    const { down } = await feed(hl7({ ...fixed, ...options }), [], [receipt(item, outcome, error)])
    return down.emitted.map(String)
  }

  test('AA is said when the hub has the message', async () => {
    assert.deepEqual(await answers('complete'), [
      'MSH|^~\\&|LAB|MAIN|MONITOR-7|ICU|20260101000000||ACK^R01^ACK|GW1|P|2.5.1\rMSA|AA|M1\r',
    ])
  })

  test('AE for now and AR for ever, in words of our own', async () => {
    const hub = (code: 'HUB_THROTTLED' | 'HUB_REJECTED') => new GatewayError(code, 'zebra', { stage: 'hub.up' })
    assert.deepEqual((await answers('abandon', hub('HUB_THROTTLED'))).map(msaOf), [
      'MSA|AE|M1|not stored now, to be sent again (HUB_THROTTLED)',
    ])
    assert.deepEqual((await answers('reject', hub('HUB_REJECTED'))).map(msaOf), ['MSA|AR|M1|refused (HUB_REJECTED)'])
  })

  test('a hello is answered only where it is refused, under the id of its message', async () => {
    const [first] = (await up([message()])).emitted as [Hello]
    const unknown = new GatewayError('DEVICE_NOT_FOUND', 'zebra', { stage: 'authenticate.up' })
    const { down } = await feed(hl7(fixed), [], [receipt(first, 'complete'), receipt(first, 'reject', unknown)])
    assert.deepEqual(down.emitted.map(msaOf), ['MSA|AR|M1|the sender is not known (DEVICE_NOT_FOUND)'])
  })

  test('what asks for no acknowledgement gets none in enhanced mode, and one in the usual', async () => {
    assert.deepEqual(await answers('complete', undefined, { 15: 'NE' }, { acknowledgement: 'enhanced' }), [])
    assert.equal((await answers('complete', undefined, { 15: 'NE' })).length, 1)
    assert.match(
      String((await answers('complete', undefined, { 15: 'AL' }, { acknowledgement: 'enhanced' }))[0]),
      /MSA\|CA\|M1/,
    )
  })

  test('acknowledgements have control ids of their own, of 20 characters at most', async () => {
    const { clock, controlId, ...others } = fixed
    assert.deepEqual(others, {})
    const item = await reading()
    const { down } = await feed(hl7({ clock }), [], [receipt(item, 'complete'), receipt(item, 'complete')])
    const ids = down.emitted.map((each) => String(each).split('|')[9] ?? '')
    assert.equal(new Set([...ids, controlId()]).size, 3)
    for (const id of ids) assert.match(id, /^[\da-f]{20}$/)
  })

  test('there are no commands', async () => {
    const { down } = await feed(hl7(), [], [command('c1', Buffer.from('x'))])
    assert.deepEqual([codes(down), down.emitted], [['NOT_SUPPORTED'], []])
  })

  test('what was not sent by this codec is not answered', async () => {
    assert.deepEqual((await feed(hl7(), [], [receipt(telemetry(Buffer.alloc(0)), 'complete')])).down.emitted, [])
  })
})

for (const options of [
  { deviceId: '' },
  { deviceId: 'a/b' },
  { body: 'xml' },
  { acknowledgement: 'none' },
  { charset: 'latin1' },
]) {
  test(`options that cannot work are a mistake of configuration: ${JSON.stringify(options)}`, () => {
    assert.throws(
      () => hl7(options as Hl7Options),
      (thrown) => thrown instanceof GatewayError && thrown.code === 'CONFIGURATION',
    )
  })
}
