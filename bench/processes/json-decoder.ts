import { Connection } from '../../src/core/connection.ts'
import { receipt, telemetry } from '../../src/core/items.ts'
import type { Step } from '../../src/core/stage.ts'
import { json } from '../../src/stages/json.ts'
import { stepOf } from '../../src/testing/step-of.ts'
import { firstSequence, lineBlock, takeLines } from '../parts/lines.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'

/** What is done with every line. */
export interface DecodeWork {
  readonly by: 'JSON.parse' | 'all' | 'keys'
  readonly lineBytes: number
  readonly numbered: boolean
  readonly lines: number
  readonly seed: number
}

const warmUpLines = 50_000

/** Their numbers are of as many digits as those of the lines. */
const readingsInTurn = 1024

const jsonDecoder = {
  /** Resolves with what it took, and how many lines became a reading. */
  async decode({ by, lineBytes, numbered, lines, seed }: DecodeWork): Promise<{ usage: Usage; readings: number }> {
    const block = lineBlock(seed, numbered, lineBytes)
    const inBlock = block.length / lineBytes
    const texts = String(takeLines(block, numbered, firstSequence, inBlock, lineBytes))
      .split('\n')
      .slice(0, -1)
    const decode = by === 'JSON.parse' ? (line: string) => (JSON.parse(line) === null ? 0 : 1) : decoderOf(by)
    const run = (count: number) => {
      let readings = 0
      for (let index = 0; index < count; index++) readings += decode(texts[index % texts.length] as string)
      return readings
    }
    run(warmUpLines)
    const clock = new UsageClock()
    clock.start()
    const readings = run(lines)
    return { usage: clock.stop(), readings }
  },

  /** Resolves with what it took to write so many receipts as the device reads them, and how many name the reading. */
  async encode({ receipts }: { readonly receipts: number }): Promise<{ usage: Usage; right: number }> {
    const given = Array.from({ length: readingsInTurn }, (_, index) =>
      receipt(telemetry(Buffer.of(), { tag: firstSequence + index }), 'complete'),
    )
    const expected = given.map(({ of }) => `{"$ack":${of.tag}}`)
    let line = ''
    const { down: half } = json().open(new Connection({ id: 'bench', pipeline: 'bench' }))
    const down = stepOf(half) as Step<unknown, string, unknown>
    const out = {
      emit: (written: string) => {
        line = written
      },
      reply: () => {},
      fail: () => {},
    }
    const run = (count: number) => {
      let right = 0
      for (let index = 0; index < count; index++) {
        down(given[index % readingsInTurn], out)
        if (line === expected[index % readingsInTurn]) right++
      }
      return right
    }
    run(warmUpLines)
    const clock = new UsageClock()
    clock.start()
    const right = run(receipts)
    return { usage: clock.stop(), right }
  },
}

/** What the JSON decoder process answers. */
export type JsonDecoder = typeof jsonDecoder

function decoderOf(parse: 'all' | 'keys'): (line: string) => number {
  let readings = 0
  const up = stepOf(json({ parse }).open(new Connection({ id: 'bench', pipeline: 'bench' })).up)
  const out = {
    emit: () => {
      readings++
    },
    reply: () => {},
    fail: () => {},
  }
  return (line) => {
    const before = readings
    up(line, out)
    return readings - before
  }
}

answer(jsonDecoder)
