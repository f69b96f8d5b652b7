import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { PipelineMeter } from '../../../src/core/meter.ts'
import { ByteSearch } from '../../../src/stages/modbus/byte-search.ts'
import { commonHeartbeats, commonRegistrations } from '../../../src/stages/modbus/common-packets.ts'
import { DtuBytes } from '../../../src/stages/modbus/dtu-bytes.ts'
import { exchangeOf } from '../../../src/stages/modbus/exchange.ts'
import { encodeRequest, type RtuRequest } from '../../../src/stages/modbus/rtu-request.ts'
import { encodeException, encodeResponse } from '../../../src/stages/modbus/rtu-response.ts'
import { anyRequest, anyResponse } from './rtu-frames.ts'

const read: RtuRequest = { unit: 1, function: 3, address: 8, quantity: 3 }
const reply = encodeResponse({ unit: 1, function: 3, registers: [42, 128, 5] })

/** What is said of chunks, and of their end. */
function told(chunks: readonly (Buffer | string)[], wanted: { awaited?: RtuRequest; anyFrame?: boolean }): string[] {
  const lines: string[] = []
  const search = new ByteSearch([...commonRegistrations.map(({ packet }) => packet), ...commonHeartbeats])
  if (wanted.awaited !== undefined) search.awaited = exchangeOf(wanted.awaited)
  search.anyFrame = wanted.anyFrame ?? false
  const meter = new PipelineMeter('test').stage('modbus', 'up')
  const bytes = new DtuBytes(search, meter, {
    found: (seen, found) => lines.push(`${seen.kind} ${found.toString('hex')}`),
    refused: ({ code, message }) => lines.push(`${code} ${/\d+/.exec(message.replace('CRC-16', ''))}`),
  })
  for (const chunk of chunks) {
    bytes.push(Buffer.from(chunk as Buffer))
    assert.ok(bytes.heldBytes < 260)
  }
  bytes.end()
  return lines
}

const hex = (bytes: Buffer) => bytes.toString('hex')
const singly = (bytes: Buffer) => Array.from(bytes, (byte) => Buffer.of(byte))

describe('the bytes of a DTU', () => {
  test('hold the reply that is awaited, whatever lies around it', () => {
    const stray = Buffer.concat([Buffer.of(0), reply])
    assert.deepEqual(told([stray], { awaited: read }), ['FRAME_NOISE 1', `reply ${hex(reply)}`])
    const around = Buffer.concat([Buffer.from('ping'), reply, Buffer.from('www.usr.cn'), Buffer.of(1, 3)])
    assert.deepEqual(told([around], { awaited: read }), [
      `packet ${hex(Buffer.from('ping'))}`,
      `reply ${hex(reply)}`,
      `packet ${hex(Buffer.from('www.usr.cn'))}`,
      'FRAME_UNTERMINATED 2',
    ])
  })

  test('are no reply where unit, function or length are others, or the CRC is wrong', () => {
    const others = [
      encodeResponse({ unit: 2, function: 3, registers: [1, 2, 3] }),
      encodeResponse({ unit: 1, function: 4, registers: [1, 2, 3] }),
      encodeResponse({ unit: 1, function: 3, registers: [1, 2] }),
      encodeException(1, 4, 2),
    ]
    for (const other of others) assert.deepEqual(told([other], { awaited: read }), [`FRAME_NOISE ${other.length}`])
    const damaged = Buffer.from(reply)
    damaged[4] = (damaged[4] as number) ^ 1
    assert.deepEqual(told([damaged, reply], { awaited: read }), ['CHECKSUM_MISMATCH 11', `reply ${hex(reply)}`])
    assert.deepEqual(told([encodeException(1, 3, 2)], { awaited: read }), ['reply 018302c0f1'])
  })

  test('are no reply where the echo of a write is of another one', () => {
    const write: RtuRequest = { unit: 1, function: 6, address: 1, value: 7 }
    const echo = (value: number) => encodeResponse({ unit: 1, function: 6, address: 1, value })
    assert.deepEqual(told([echo(8), echo(7)], { awaited: write }), ['FRAME_NOISE 8', `reply ${hex(echo(7))}`])
  })

  test('that look like the beginning of a longer frame do not swallow the one that follows', () => {
    const ahead = Buffer.of(1, 3, 0xfa)
    assert.deepEqual(told(singly(Buffer.concat([ahead, reply])), { anyFrame: true }), [
      'FRAME_NOISE 3',
      `frame ${hex(reply)}`,
    ])
    const longer: RtuRequest = { unit: 1, function: 3, address: 0, quantity: 4 }
    const first = encodeResponse({ unit: 1, function: 3, registers: [1, 2, 3, 4] })
    // The head of a reply, then the whole of it: the false one is as long as the true one, which is therefore there when it is done with.
    assert.deepEqual(told([first.subarray(0, 5), first], { awaited: longer }), ['FRAME_NOISE 5', `reply ${hex(first)}`])
  })

  test('of a heartbeat of one byte may also be the unit of a frame', () => {
    const exception = encodeException(255, 3, 2)
    const all = Buffer.concat([Buffer.of(0xff, 0xff), exception, Buffer.of(0xff)])
    assert.deepEqual(told(singly(all), { anyFrame: true }), [
      'packet ff',
      'packet ff',
      `frame ${hex(exception)}`,
      'packet ff',
    ])
  })

  test('that end in the middle of a frame are told as such, those that end in noise as noise', () => {
    assert.deepEqual(told([reply.subarray(0, 7)], { awaited: read }), ['FRAME_UNTERMINATED 7'])
    assert.deepEqual(told([Buffer.from('$$$'), reply.subarray(0, 7)], { awaited: read }), ['FRAME_NOISE 10'])
    assert.deepEqual(told([Buffer.from('LOGIN:1001')], {}), [`packet ${hex(Buffer.from('LOGIN:1001'))}`])
    assert.deepEqual(told([Buffer.from('35583708')], {}), ['FRAME_UNTERMINATED 8'])
  })

  test('that never are anything are told every 65536', () => {
    const noise = told([Buffer.alloc(70_000, '$')], { anyFrame: true })
    assert.deepEqual(noise, ['FRAME_NOISE 65536', 'FRAME_NOISE 4464'])
  })

  test('give the same however they are cut', () => {
    const wire = fc.oneof(
      anyRequest.map(encodeRequest),
      anyResponse.map(encodeResponse),
      fc.constantFrom('ping', 'www.usr.cn', 'LOGIN:77', '355837089512343').map((text) => Buffer.from(text)),
      fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
      fc.constant(reply),
    )
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 40 })
    const wanted = fc.constantFrom({ anyFrame: true }, { awaited: read }, { awaited: read, anyFrame: true }, {})
    fc.assert(
      fc.property(fc.array(wire, { maxLength: 6 }), cuts, wanted, (parts, lengths, options) => {
        const all = Buffer.concat(parts)
        const whole = told([all], options)
        assert.deepEqual(told(singly(all), options), whole)
        const chunks: Buffer[] = []
        let at = 0
        for (const length of lengths) {
          chunks.push(all.subarray(at, at + length))
          at += length
        }
        assert.deepEqual(told([...chunks, all.subarray(at)], options), whole)
      }),
      { numRuns: 300 },
    )
  })

  test('that are frames side by side are all found, of both directions', () => {
    const frames = fc.array(fc.oneof(anyRequest.map(encodeRequest), anyResponse.map(encodeResponse)), { maxLength: 8 })
    fc.assert(
      fc.property(frames, (all) => {
        // One whose first bytes have by chance the CRC of a shorter one would be told otherwise: 1 in 65536.
        assert.deepEqual(
          told([Buffer.concat(all)], { anyFrame: true }),
          all.map((frame) => `frame ${hex(frame)}`),
        )
      }),
      { seed: 7 },
    )
  })
})
