import type { CodecWork, RecordCodec } from '../processes/record-codec.ts'
import { messagesFor, type Row, type Scenario } from '../scenario.ts'

const usualRecords = 2_000_000

/** A binary schema against a decoder and an encoder written by hand for the same record. */
export const structScenario: Scenario = {
  name: 'struct',
  about: "a tracker's record of 63 bytes, 10 fields and 12 inputs in three lists: struct against code by hand",
  chart: 'cpuNsPerRecord',
  rows: (['decode', 'encode'] as const).flatMap((direction) => rowsFor(direction)),
}

function rowsFor(direction: CodecWork['direction']): Row[] {
  const ways = ['hand-written', 'struct'] as const
  return [...ways, ...(direction === 'decode' ? (['hand-written by index'] as const) : [])].map((by) => ({
    name: `${direction} ${by}`,
    reference: `${direction} hand-written`,
    async measure(processes, effort) {
      const codec = processes.measured<RecordCodec>('record-codec')
      const records = messagesFor(effort, usualRecords, 1)
      const { usage, right } = await codec.call('code', { direction, by, records, seed: effort.seed })
      return { figures: { cpuNsPerRecord: (usage.cpuUs * 1000) / records }, sent: records, received: right }
    },
  }))
}
