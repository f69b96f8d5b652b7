import type { DecodeWork, JsonDecoder } from '../processes/json-decoder.ts'
import { messagesFor, type Ratio, type Row, type Scenario } from '../scenario.ts'

interface Kind {
  readonly name: string
  readonly lineBytes: number
  readonly numbered: boolean
  readonly usualLines: number
}

const kinds: readonly Kind[] = [
  { name: '100 B', lineBytes: 100, numbered: false, usualLines: 1_000_000 },
  { name: '100 B numbered', lineBytes: 100, numbered: true, usualLines: 1_000_000 },
  { name: '1 KB', lineBytes: 1024, numbered: false, usualLines: 150_000 },
]
const ways = ['JSON.parse', 'all', 'keys'] as const
const usualReceipts = 2_000_000

/** The codec of jsonLines alone. */
export const decodeScenario: Scenario = {
  name: 'decode',
  about: `lines of JSON into readings by json() alone: all: values are made of them, as JSON.parse does that is measured beside it; keys: they are
looked through and only forwarded. 100 bytes are six flat members, 1 KB is 32 nested ones; numbered lines begin with a $seq and get a message
id. receipts: what is written for one`,
  chart: 'cpuNsPerLine',
  ratios: kinds
    .filter(({ numbered }) => !numbered)
    .map(
      ({ name }): Ratio => ({
        name: `decode/${name}/keys:all`,
        of: `${name} keys`,
        to: `${name} all`,
        figure: 'cpuNsPerLine',
        inverse: true,
        atLeast: 2.5,
      }),
    ),
  rows: [...kinds.flatMap((kind) => ways.map((by) => rowFor(kind, by))), receiptsRow()],
}

function rowFor({ name, lineBytes, numbered, usualLines }: Kind, by: DecodeWork['by']): Row {
  return {
    name: `${name} ${by}`,
    reference: `${name} JSON.parse`,
    async measure(processes, effort) {
      const decoder = processes.measured<JsonDecoder>('json-decoder')
      const lines = messagesFor(effort, usualLines, 1)
      const { usage, readings } = await decoder.call('decode', { by, lineBytes, numbered, lines, seed: effort.seed })
      return { figures: { cpuNsPerLine: (usage.cpuUs * 1000) / lines }, sent: lines, received: readings }
    },
  }
}

function receiptsRow(): Row {
  return {
    name: 'receipts',
    reference: '100 B JSON.parse',
    async measure(processes, effort) {
      const decoder = processes.measured<JsonDecoder>('json-decoder')
      const receipts = messagesFor(effort, usualReceipts, 1)
      const { usage, right } = await decoder.call('encode', { receipts })
      return { figures: { cpuNsPerLine: (usage.cpuUs * 1000) / receipts }, sent: receipts, received: right }
    },
  }
}
