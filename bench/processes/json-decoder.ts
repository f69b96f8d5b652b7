import { Connection } from '../../src/core/connection.ts'
import type { Step } from '../../src/core/stage.ts'
import { json } from '../../src/stages/json.ts'
import { lineBlock } from '../parts/lines.ts'
import { type Usage, UsageClock } from '../parts/usage.ts'
import { answer } from './answer.ts'

/** What is done with every line. */
export interface DecodeWork {
  readonly by: 'JSON.parse' | 'all' | 'keys'
  readonly lineBytes: number
  readonly lines: number
  readonly seed: number
}

const warmUpLines = 50_000

const jsonDecoder = {
  /** Resolves with what it took, and how many lines became a reading. */
  async decode({ by, lineBytes, lines, seed }: DecodeWork): Promise<{ usage: Usage; readings: number }> {
    const texts = String(lineBlock(seed, false, lineBytes))
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
}

/** What the JSON decoder process answers. */
export type JsonDecoder = typeof jsonDecoder

function decoderOf(parse: 'all' | 'keys'): (line: string) => number {
  let readings = 0
  const up = json({ parse }).open(new Connection({ id: 'bench', pipeline: 'bench' })).up as Step<
    string,
    unknown,
    string
  >
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
