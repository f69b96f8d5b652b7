import type { DecodeWork, JsonDecoder } from '../processes/json-decoder.ts'
import { messagesFor, type Ratio, type Row, type Scenario } from '../scenario.ts'

const sizes = [
  { name: '100 B', lineBytes: 100, usualLines: 1_000_000 },
  { name: '1 KB', lineBytes: 1024, usualLines: 150_000 },
]
const ways = ['JSON.parse', 'all', 'keys'] as const

/** The codec of jsonLines alone. */
export const decodeScenario: Scenario = {
  name: 'decode',
  about: `lines of JSON into readings by json() alone: all: values are made of them, as JSON.parse does that is measured beside it; keys: they are
looked through and only forwarded. 100 bytes are six flat members, 1 KB is 32 nested ones`,
  chart: 'cpuNsPerLine',
  ratios: sizes.map(
    ({ name }): Ratio => ({
      name: `decode/${name}/keys:all`,
      of: `${name} keys`,
      to: `${name} all`,
      figure: 'cpuNsPerLine',
      inverse: true,
      atLeast: 2.5,
    }),
  ),
  rows: sizes.flatMap((size) => ways.map((by) => rowFor(size, by))),
}

function rowFor({ name, lineBytes, usualLines }: (typeof sizes)[number], by: DecodeWork['by']): Row {
  return {
    name: `${name} ${by}`,
    reference: `${name} JSON.parse`,
    async measure(processes, effort) {
      const decoder = processes.measured<JsonDecoder>('json-decoder')
      const lines = messagesFor(effort, usualLines, 1)
      const { usage, readings } = await decoder.call('decode', { by, lineBytes, lines, seed: effort.seed })
      return { figures: { cpuNsPerLine: (usage.cpuUs * 1000) / lines }, sent: lines, received: readings }
    },
  }
}
