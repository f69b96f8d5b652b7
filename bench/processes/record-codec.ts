import { type AvlRecord, avlRecord, decodeByHand, decodeByIndex, encodeByHand } from '../parts/avl-record.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'

/** Which way, and by whom. */
export interface CodecWork {
  readonly direction: 'decode' | 'encode'
  readonly by: 'hand-written' | 'hand-written by index' | 'struct'
  readonly records: number
  readonly seed: number
}

/** What came of it. */
export interface Coded {
  readonly usage: Usage
  /** Records that came out with what went in. */
  readonly right: number
}

const madeRecords = 1024

function madeRecord(index: number, seed: number): AvlRecord {
  const io = (count: number, most: number) =>
    Array.from({ length: count }, (_, at) => ({ id: at + 1, value: (index * 7919 + at * 31 + seed) % most }))
  return {
    timestamp_ms: 1_560_161_086_000 + index * 1000,
    priority: index % 3,
    longitude_deg: (250_000_000 + index) / 1e7,
    latitude_deg: -(540_000_000 + index) / 1e7,
    altitude_m: index - 500,
    angle_deg: index % 360,
    satellites: index % 20,
    speed_kmh: index % 130,
    event_io_id: 1,
    io_count: 12,
    io1: io(6, 256),
    io2: io(4, 65_536),
    io4: io(2, 2 ** 32),
  }
}

const recordCodec = {
  /** Works off a third as much before the clock starts, so that the code is compiled. */
  code({ direction, by, records, seed }: CodecWork): Coded {
    const values = Array.from({ length: madeRecords }, (_, index) => madeRecord(index, seed))
    const frames = values.map(encodeByHand)
    const decode = {
      struct: (frame: Buffer) => avlRecord.decode(frame),
      'hand-written': decodeByHand,
      'hand-written by index': decodeByIndex,
    }[by]
    const encode = by === 'struct' ? (record: AvlRecord) => avlRecord.encode(record) : encodeByHand
    for (const [index, frame] of frames.entries()) {
      const right = JSON.stringify(decode(frame)) === JSON.stringify(values[index])
      if (!right || !encode(values[index] as AvlRecord).equals(frame))
        throw new Error(`record ${index} comes out wrong`)
    }
    let right = 0
    const one =
      direction === 'decode'
        ? (index: number) => {
            const record = decode(frames[index] as Buffer)
            if (record.timestamp_ms === values[index]?.timestamp_ms && record.io4.length === 2) right++
          }
        : (index: number) => {
            const frame = encode(values[index] as AvlRecord)
            if (frame.length === frames[index]?.length && frame[7] === frames[index]?.[7]) right++
          }
    const run = (count: number) => {
      for (let done = 0; done < count; done++) one(done % madeRecords)
    }
    run(Math.ceil(records / 3))
    right = 0
    const clock = new UsageClock()
    clock.start()
    run(records)
    return { usage: clock.stop(), right }
  },
}

/** What the record codec process answers. */
export type RecordCodec = typeof recordCodec

answer(recordCodec)
