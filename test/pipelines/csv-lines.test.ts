import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CsvLinesOptions, csvLines } from '../../src/pipelines/csv-lines.ts'
import { embed, memoryHub } from '../../src/testing.ts'
import { thrownBy } from '../stages/refusals.ts'
import { behaves } from './field-device.ts'

const line = (text: string) => Buffer.from(`${text}\r\n`)

behaves('csvLines', {
  make: (to, options) =>
    csvLines(to, {
      columns: ['id', 'n', 't'],
      deviceId: { field: 'id' },
      sequence: 'n',
      numbers: ['t'],
      heartbeat: { line: 'PING', answer: 'PONG' },
      acknowledge: { complete: 'ACK {sequence}', reject: 'NAK {sequence} {outcome}' },
      refuse: 'ERR {code}',
      command: 'CMD {id} {body}',
      answer: { line: /DONE (?<id>\S+)/, reject: /FAIL (?<id>\S+)/ },
      ...options,
    }),
  reading: (id, sequence) => Buffer.from(`"${id}",${sequence},20.50\n`),
  body: (id, sequence) => `{"id":"${id}","n":"${sequence}","t":20.50}`,
  acknowledged: (sequence) => line(`ACK ${sequence}`),
  rejected: (sequence) => line(`NAK ${sequence} reject`),
  heartbeat: Buffer.from('PING\n'),
  heartbeatAnswer: line('PONG'),
  heartbeatBody: '{"line":"PING"}',
  bad: Buffer.from('zebra,1\n'),
  badAnswer: line('ERR BAD_CONTENT'),
  command: (id) => line(`CMD ${id} open`),
  answer: (id, done) => Buffer.from(`${done ? 'DONE' : 'FAIL'} ${id}\n`),
  protocol: 'csv',
})

describe('options of csvLines', () => {
  const options: CsvLinesOptions = {
    columns: ['n', 't'],
    deviceId: { fixed: 'd' },
    sequence: 'n',
    acknowledge: { complete: 'ACK {sequence}' },
  }

  test('a quoted field may hold what separates fields, and never makes a second line of an answer', async () => {
    const to = memoryHub()
    const device = embed(csvLines(to, options))
    device.write('"1\rACK 9",a\n"2,3","b ""c"""\n')
    device.end()
    await device.ended()
    assert.deepEqual(
      to.accepted.map(({ message }) => JSON.parse(`${message.body}`)),
      [
        { n: '1\rACK 9', t: 'a' },
        { n: '2,3', t: 'b "c"' },
      ],
    )
    assert.equal(device.pending().toString(), 'ACK 2,3\r\n')
  })

  test('an empty line may be a heartbeat; another separator may be told', async () => {
    const to = memoryHub()
    const device = embed(csvLines(to, { ...options, separator: ';', heartbeat: { line: '', answer: '!' } }))
    device.write('\n7;1,5\n')
    device.end()
    await device.ended()
    assert.equal(device.pending().toString(), '!\r\nACK 7\r\n')
    assert.equal(`${to.accepted[0]?.message.body}`, '{"n":"7","t":"1,5"}')
  })

  test('a line over the limit ends the connection', async () => {
    const device = embed(csvLines(memoryHub(), { ...options, maxLength: 10 }))
    device.write('1,2\n1,2345678901\n')
    await device.ended()
    assert.equal(device.ring.failure?.code, 'FRAME_TOO_LONG')
  })

  const wrong: readonly [object, RegExp][] = [
    [{ columns: [] }, /columns must be 1 or more/],
    [{ sequence: 'seq' }, /csvLines: sequence must be one of columns, not 'seq'/],
    [{ sequence: ['n', 't'] }, /csvLines: sequence must be one of columns/],
    [{ deviceId: { field: 'imei' } }, /csvLines: deviceId.field must be one of columns, not 'imei'/],
    [{ numbers: ['x'] }, /csvLines: numbers must be of columns, not 'x'/],
    [{ separator: '"' }, /separator/],
  ]
  for (const [each, message] of wrong) {
    test(`options that cannot work are named with their value: ${message.source}`, () => {
      const error = thrownBy(() => csvLines(memoryHub(), { ...options, ...each } as CsvLinesOptions))
      assert.equal(error.code, 'CONFIGURATION')
      assert.match(error.message, message)
    })
  }
})
