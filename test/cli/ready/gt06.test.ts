import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gt06Ready } from '../../../src/cli/ready/gt06.ts'
import { flipped, heartbeat, location, loginWithZone, wire } from '../../pipelines/gt06-frames.ts'

/** The rows of an annotation: bytes and field. */
const rows = (text: string) => text.split('\n').map((line) => line.trim().split(/ {2,}/))

describe('the annotation of GT06 frames', () => {
  test('names every byte of a frame, in order', () => {
    const frame = location(7)
    const table = rows(gt06Ready.annotate(frame)).slice(1, -1)
    const [first] = table
    assert.deepEqual(first, ['0', '78 78', 'start', '"7878"'])
    const places = new Map(table.map(([offset, bytes]) => [Number(offset), (bytes as string).replaceAll(' ', '')]))
    assert.equal([...places.values()].join(''), frame.toString('hex'))
    const names = table.map(([, , name]) => name)
    assert.deepEqual(names.slice(0, 4), ['start', 'length', 'protocol_number', 'position.device_time.year'])
    assert.deepEqual(names.slice(-4), ['cell.cell_id', 'serial', 'crc_itu', 'stop'])
  })

  test('shows each of several frames, of both kinds, and content that nobody describes', () => {
    const text = gt06Ready.annotate(
      Buffer.concat([heartbeat(1), wire(0x99, 2, 'abcdef', '7979'), loginWithZone(3, '3201')]),
    )
    assert.equal(text.match(/offset/g)?.length, 3)
    assert.match(text, /terminal_info\.charging +true/)
    assert.match(text, / 5 {2}ab cd ef +content/)
    assert.match(text, /timezone\.hours_and_minutes +800/)
  })

  test('shows a frame with a wrong CRC, and that it is wrong', () => {
    assert.match(gt06Ready.annotate(flipped(heartbeat(1))), /stop.*CHECKSUM_MISMATCH: CRC-16\/X-25 is 0x/s)
  })

  test('tells of bytes that belong to no frame, beside others or alone', () => {
    assert.match(gt06Ready.annotate(Buffer.concat([Buffer.of(1), heartbeat(1)])), /FRAME_NOISE: 1 bytes/)
    assert.throws(() => gt06Ready.annotate(Buffer.of(1, 2)), { code: 'FRAME_NOISE' })
    assert.throws(() => gt06Ready.annotate(heartbeat(1).subarray(0, 9)), { code: 'FRAME_UNTERMINATED' })
  })
})
