import type { Hub } from '../../src/hub/port.ts'
import { cborFrames } from '../../src/pipelines/cbor-frames.ts'
import { csvLines } from '../../src/pipelines/csv-lines.ts'
import { keyValueLines } from '../../src/pipelines/key-value-lines.ts'
import { msgpackFrames } from '../../src/pipelines/msgpack-frames.ts'
import { protobufFrames } from '../../src/pipelines/protobuf-frames.ts'
import { DownSchema as AckSchema, UpSchema as ReadingSchema } from './generic-schema.ts'

// The examples of docs/protocols/generic.md, in its words: generic.test.ts compares them, and runs what the page says of them.

export const loggers = (hub: Hub) =>
  csvLines(hub, {
    columns: ['imei', 'n', 'at', 'temperature_c'],
    deviceId: { field: 'imei' },
    sequence: 'n',
    time: { field: 'at', as: 'unixSeconds' },
    numbers: ['temperature_c'],
    heartbeat: { line: 'PING', answer: 'PONG' },
    acknowledge: { complete: 'ACK {sequence}', reject: 'NAK {sequence}' },
    refuse: 'ERR {code}',
    command: '{name} {body}',
    answer: { line: 'OK', reject: /ERR.*/ },
  })

export const meters = (hub: Hub) =>
  keyValueLines(hub, {
    hello: { line: /LOGIN (?<id>\w+)/, accepted: 'WELCOME {id}', refused: 'BYE' },
    sequence: 'seq',
    numbers: 'all',
    type: { field: 'type' },
    acknowledge: { complete: 'seq={sequence};result=ok', reject: 'seq={sequence};result=never' },
    answer: { field: 'done', outcome: { field: 'result', reject: ['failed'] } },
    command: 'do={id};what={body}',
  })

export const sensors = (hub: Hub) =>
  cborFrames(hub, {
    length: 'u16',
    deviceId: { field: 'id' },
    idPrefix: 'plant-1-',
    sequence: 'n',
    heartbeat: { field: 'ping', answer: { pong: true } },
    acknowledge: { complete: { ack: '{sequence}' }, reject: { nak: '{sequence}' } },
    command: { run: '{id}', with: '{body}' },
    answer: { field: 'done' },
  })

export const presses = (hub: Hub) =>
  msgpackFrames(hub, {
    length: 'u32',
    deviceId: { field: ['head', 'id'] },
    sequence: ['head', 'n'],
    acknowledge: { complete: ['ok', '{sequence}'], reject: ['never', '{sequence}'] },
  })

export const pumps = (hub: Hub) =>
  protobufFrames(hub, {
    schema: ReadingSchema,
    schemaToDevice: AckSchema,
    length: 'varint',
    deviceId: { field: 'id' },
    sequence: 'n',
    acknowledge: { complete: { ack: '{sequence}' }, reject: { nak: '{sequence}' } },
  })

/** All of them, by name. */
export const examples = { loggers, meters, sensors, presses, pumps }
