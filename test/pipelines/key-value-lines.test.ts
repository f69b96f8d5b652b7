import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type KeyValueLinesOptions, keyValueLines } from '../../src/pipelines/key-value-lines.ts'
import { embed, memoryHub } from '../../src/testing.ts'
import { thrownBy } from '../stages/refusals.ts'
import { behaves } from './field-device.ts'

const line = (text: string) => Buffer.from(`${text}\r\n`)

behaves('keyValueLines', {
  make: (to, options) =>
    keyValueLines(to, {
      deviceId: { field: 'id' },
      sequence: 'n',
      numbers: ['t'],
      heartbeat: { line: 'PING', answer: 'PONG' },
      acknowledge: { complete: 'ACK {sequence}', reject: 'NAK {sequence} {outcome}' },
      refuse: 'ERR {code}',
      command: 'CMD {id} {body}',
      answer: { field: 'cmd', outcome: { field: 'did', reject: ['no'] } },
      ...options,
    }),
  reading: (id, sequence) => Buffer.from(`id=${id};n=${sequence};t=20.50\n`),
  body: (id, sequence) => `{"id":"${id}","n":"${sequence}","t":20.50}`,
  acknowledged: (sequence) => line(`ACK ${sequence}`),
  rejected: (sequence) => line(`NAK ${sequence} reject`),
  heartbeat: Buffer.from('PING\n'),
  heartbeatAnswer: line('PONG'),
  heartbeatBody: '{"line":"PING"}',
  bad: Buffer.from('zebra\n'),
  badAnswer: line('ERR BAD_CONTENT'),
  command: (id) => line(`CMD ${id} open`),
  answer: (id, done) => Buffer.from(`cmd=${id};did=${done ? 'yes' : 'no'}\n`),
  protocol: 'keyvalue',
})

/** What goes up and comes down for some lines, through a pipeline of options. */
async function run(options: KeyValueLinesOptions, text: string, codes: string[] = []) {
  const to = memoryHub()
  const device = embed(keyValueLines(to, options), {
    peer: { address: '::ffff:10.0.0.7', port: 1 },
    onDeadLetter: ({ error }) => codes.push(`${error.code} ${error.message}`),
  })
  device.write(text)
  device.end()
  await device.ended()
  return { to, said: device.pending().toString(), codes, failure: device.ring.failure?.code }
}

describe('options of keyValueLines', () => {
  test('a hello may be a line of its own, whose pattern names id and key', async () => {
    const hello = { line: /LOGIN (?<id>\w+) (?<key>\S+)/, accepted: 'HELLO {id}', refused: 'GO AWAY' }
    for (const [key, said] of [
      ['c2VjcmV0', 'HELLO d1\r\n'],
      ['d3Jvbmc=', 'GO AWAY\r\n'],
    ] as const) {
      const to = memoryHub({ keys: { d1: 'c2VjcmV0' } })
      const authenticator = ({ deviceId, credentials }: { deviceId: string; credentials: unknown }) =>
        ({ deviceId, credentials }) as never
      const device = embed(keyValueLines(to, { hello, authenticator }))
      device.write(`LOGIN d1 ${key}\nt=1\n`)
      device.end()
      await device.ended()
      assert.equal(device.pending().toString(), said)
      assert.equal(to.accepted.length, said.startsWith('HELLO') ? 1 : 0)
    }
  })

  test('a hello may be a line with a field; a prefix stands in front of the id', async () => {
    const { to } = await run({ hello: { field: 'login' }, idPrefix: 'plant-' }, 'login=7\nt=1\n')
    assert.deepEqual(
      to.accepted.map(({ deviceId, message }) => `${deviceId} ${message.body}`),
      ['plant-7 {"t":"1"}'],
    )
  })

  test('the device may be fixed, or the address that it connects from', async () => {
    const ids = []
    for (const deviceId of [{ fixed: 'press' }, 'peerAddress'] as const) {
      const { to } = await run({ deviceId, idPrefix: 'a-' }, 't=1\n')
      ids.push(to.accepted[0]?.deviceId)
    }
    assert.deepEqual(ids, ['a-press', 'a-10.0.0.7'])
  })

  test('numbers keep their digits; with all, only what JSON writes so is a number', async () => {
    const digits = 'a=18446744073709551616;b=20.50;c=007;d=1e999;e=-0;f=;g=x'
    const all = await run({ deviceId: { fixed: 'd' }, numbers: 'all' }, `${digits}\n`)
    assert.equal(
      all.to.accepted[0]?.message.body.toString(),
      '{"a":18446744073709551616,"b":20.50,"c":"007","d":"1e999","e":-0,"f":"","g":"x"}',
    )
    const named = await run({ deviceId: { fixed: 'd' }, numbers: ['a', 'c', 'f'] }, `${digits}\n`)
    assert.match(named.to.accepted[0]?.message.body.toString() ?? '', /"a":18446744073709551616,.*"c":7,.*"f":null/)
    for (const bad of ['t=1e999', 't=x', 't=0x10', 't=1,5']) {
      const options: KeyValueLinesOptions = {
        deviceId: { fixed: 'd' },
        numbers: ['t'],
        sequence: 'n',
        acknowledge: { complete: 'ACK {sequence}', reject: 'NAK {sequence}' },
      }
      const { said, codes } = await run(options, `n=1;${bad}\nn=2;t=1\n`)
      assert.equal(said, 'NAK 1\r\nACK 2\r\n', bad)
      assert.deepEqual(codes, ['BAD_CONTENT the field t is not a number'])
    }
  })

  test('time and type may be fields; a reading without its time or type goes up all the same, with a wrong one it is refused', async () => {
    const options: KeyValueLinesOptions = {
      deviceId: { fixed: 'd' },
      time: { field: 'at', as: 'unixSeconds' },
      type: { field: 'kind' },
    }
    const { to, codes } = await run(options, 'at=1700000000;kind=alarm\nt=1\nat=zebra\nkind=Ω\nat=-1\n')
    assert.deepEqual(
      to.accepted.map(({ message }) => [message.creationTimeUtc, message.properties.type]),
      [
        ['2023-11-14T22:13:20.000Z', 'alarm'],
        [undefined, 'reading'],
      ],
    )
    assert.match(to.accepted[0]?.message.messageId ?? '', /^1700000000000-[0-9a-f]{12}$/)
    assert.equal(to.accepted[1]?.message.messageId, undefined)
    assert.deepEqual(codes, [
      'BAD_CONTENT the field at is not a time as unixSeconds says it',
      'BAD_CONTENT the field kind is not 1 to 128 printable characters of ASCII',
      'BAD_CONTENT the field at is not a time as unixSeconds says it',
    ])
  })

  test('a reading without the sequence that its answer needs goes up and is not answered', async () => {
    const options: KeyValueLinesOptions = {
      deviceId: { fixed: 'd' },
      sequence: 'n',
      acknowledge: { complete: 'ACK {sequence}' },
    }
    const { to, said } = await run(options, 't=1\nn=;t=2\nn=3;t=3\n')
    assert.deepEqual([to.accepted.length, said], [3, 'ACK 3\r\n'])
  })

  test('a sequence with a line break in it makes no other line of its answer, and no strange message id', async () => {
    const options: KeyValueLinesOptions = {
      deviceId: { fixed: 'd' },
      sequence: 'n',
      acknowledge: { complete: 'ACK {sequence}' },
    }
    const { to, said, failure } = await run(options, 'n=1\rACK 9;t=1\nn=2 x;t=1\n')
    assert.deepEqual([to.accepted.length, said, failure], [2, 'ACK 2 x\r\n', undefined])
    for (const { message } of to.accepted) assert.match(message.messageId ?? '', /^[0-9a-f]{12}$/)
  })

  test('fields called as members of objects are fields like any others, and missing ones are not inherited', async () => {
    const options: KeyValueLinesOptions = {
      deviceId: { fixed: 'd' },
      sequence: '__proto__',
      type: { field: 'constructor' },
    }
    const { to } = await run(options, '__proto__=7;toString=1\nt=1\n')
    assert.equal(to.accepted[0]?.message.body.toString(), '{"__proto__":"7","toString":"1"}')
    assert.match(to.accepted[0]?.message.messageId ?? '', /^7-/)
    assert.deepEqual(
      to.accepted.map(({ message }) => message.properties.type),
      ['reading', 'reading'],
    )
    assert.equal(to.accepted[1]?.message.messageId, undefined)
  })

  test('without a template a command is its body, if that is one line; an answering line without an id means the oldest', async () => {
    const to = memoryHub()
    const answer = { line: 'OK', reject: /ERR.*/ }
    const device = embed(keyValueLines(to, { deviceId: { fixed: 'd' }, answer, acknowledge: { complete: 'ACK' } }))
    device.write('t=1\n')
    assert.equal(await device.next(), 'ACK\r\n')
    to.queueCommand('d', 'open\nACK')
    await to.until(() => to.settled.length === 1)
    assert.equal(to.settled[0]?.outcome, 'reject')
    to.queueCommand('d', 'open')
    to.queueCommand('d', 'close')
    assert.equal(await device.next(), 'open\r\n')
    assert.equal(await device.next(), 'close\r\n')
    device.write('OK\nERR 5\n')
    await to.until(() => to.settled.length === 3)
    assert.deepEqual(
      to.settled.slice(1).map(({ command, outcome, response }) => [`${command.body}`, outcome, response?.body]),
      [
        ['open', 'complete', { line: 'OK' }],
        ['close', 'reject', { line: 'ERR 5' }],
      ],
    )
    device.end()
    await device.ended()
  })

  test('a command whose template needs a name that it has not is rejected', async () => {
    const to = memoryHub()
    const device = embed(
      keyValueLines(to, { deviceId: { fixed: 'd' }, command: '{name}={body}', acknowledge: { complete: 'ACK' } }),
    )
    device.write('t=1\n')
    await device.next()
    to.queueCommand('d', '1')
    to.queueCommand('d', '12.50', { name: 'valve' })
    assert.equal(await device.next(), 'valve=12.50\r\n')
    await to.until(() => to.settled.length === 2)
    assert.deepEqual(
      to.settled.map(({ outcome }) => outcome),
      ['reject', 'complete'],
    )
    device.end()
    await device.ended()
  })

  test('a heartbeat may carry its number, by a group or a field', async () => {
    const byLine = await run(
      { deviceId: { fixed: 'd' }, heartbeat: { line: /PING (?<sequence>\d+)/, answer: 'PONG {sequence}' } },
      'PING 7\n',
    )
    const byField = await run(
      {
        deviceId: { fixed: 'd' },
        sequence: 'n',
        heartbeat: { field: 'ping', equals: 'yes', answer: 'PONG {sequence}' },
      },
      'ping=yes;n=8\nping=no;n=9\n',
    )
    assert.deepEqual([byLine.said, byField.said], ['PONG 7\r\n', 'PONG 8\r\n'])
    assert.deepEqual([byLine.to.accepted.length, byField.to.accepted.length], [0, 1])
  })

  test('a heartbeat before the login is answered and changes nothing', async () => {
    const { said, to, failure } = await run(
      { hello: { field: 'login' }, heartbeat: { line: 'PING', answer: 'PONG' }, heartbeats: true },
      'PING\nlogin=d1\nt=1\nPING\n',
    )
    assert.deepEqual([said, failure], ['PONG\r\nPONG\r\n', undefined])
    assert.deepEqual(
      to.accepted.map(({ message }) => `${message.body}`),
      ['{"t":"1"}', '{"line":"PING"}'],
    )
  })

  test('a device of a fixed name that only beats is known all the same, and gets its commands', async () => {
    const to = memoryHub()
    const device = embed(keyValueLines(to, { deviceId: { fixed: 'd' }, heartbeat: { line: 'PING', answer: 'PONG' } }))
    device.write('PING\n')
    assert.equal(await device.next(), 'PONG\r\n')
    to.queueCommand('d', 'open')
    assert.equal(await device.next(), 'open\r\n')
    device.end()
    await device.ended()
    assert.equal(to.accepted.length, 0)
  })

  const fixed = { deviceId: { fixed: 'd' } }
  const wrong: readonly [object, RegExp][] = [
    [{}, /keyValueLines: one of deviceId and hello is needed/],
    [{ ...fixed, hello: { field: 'id' } }, /one of deviceId and hello/],
    [{ deviceId: 'address' }, /deviceId must be .*, not 'address'/],
    [{ deviceId: { fixed: 'a/b' } }, /deviceId.fixed must be .*, not 'a\/b'/],
    [{ deviceId: { field: '' } }, /deviceId.field must be .*, not ''/],
    [{ ...fixed, idPrefix: 'a b' }, /idPrefix must be .*, not 'a b'/],
    [{ ...fixed, sequence: 7 }, /sequence must be the name of a field.*, not 7/],
    [{ ...fixed, time: { field: 't', as: 'minutes' } }, /time.as must be one of iso8601, .*, not 'minutes'/],
    [{ ...fixed, type: 7 }, /type must be an object, not 7/],
    [{ ...fixed, type: '' }, /type must be .*, not ''/],
    [{ ...fixed, acknowledge: { done: 'OK' } }, /acknowledge must be by complete, abandon and reject, not 'done'/],
    [
      { ...fixed, acknowledge: { complete: 'ACK {sequence}' } },
      /acknowledge.complete has \{sequence\}, but may have \{outcome\}/,
    ],
    [{ ...fixed, acknowledge: { complete: 'ACK\n' } }, /acknowledge.complete must have no line breaks.*, not 'ACK\\n'/],
    [{ ...fixed, acknowledge: { complete: 7 } }, /acknowledge.complete must be a text, not 7/],
    [{ ...fixed, refuse: '{why}' }, /refuse has \{why\}, but may have \{code\}/],
    [{ ...fixed, heartbeat: { line: /a/g } }, /heartbeat.line must be without the flags .*, not \/a\/g/],
    [{ ...fixed, heartbeat: { line: 7 } }, /heartbeat.line must be a text or a RegExp, not 7/],
    [{ ...fixed, heartbeat: { field: 'a', equals: {} } }, /heartbeat.equals must be .*, not \{\}/],
    [{ hello: { line: /LOGIN .*/ } }, /hello.line must have a group \(\?<id>…\), as \/LOGIN \.\*\/ has not/],
    [
      { ...fixed, answer: { field: 'a', outcome: { field: 'b', reject: 'no' } } },
      /answer.outcome.reject must be .*, not 'no'/,
    ],
    [{ ...fixed, maxLength: 0 }, /maxLength must be a positive integer, not 0/],
    [{ ...fixed, heartbeats: 'yes' }, /heartbeats must be true or false, not string/],
  ]
  for (const [options, message] of wrong) {
    test(`options that cannot work are named with their value: ${message.source}`, () => {
      const error = thrownBy(() => keyValueLines(memoryHub(), options as KeyValueLinesOptions))
      assert.equal(error.code, 'CONFIGURATION')
      assert.match(error.message, message)
    })
  }
})
