import { bulkMessages, type Deliverer, measureDelivery, type Traffic } from '../parts/delivery.ts'
import { programFlags } from '../parts/program-flags.ts'
import type { Ratio, Row, Scenario } from '../scenario.ts'

const limit: Deliverer = { name: 'limit', process: 'limit-gateway' }
const fusedLimit: Deliverer = { name: 'fused limit', process: 'fused-limit-gateway' }
const encodingLimit: Deliverer = { name: 'limit that encodes', process: 'encoding-limit-gateway' }
const honest: Deliverer = { name: 'honest composition', process: 'honest-gateway' }
const headgate: Deliverer = { name: 'headgate', process: 'gateway', plan: { scraped: true } }
const parsed: Deliverer = { name: 'headgate, parsed', process: 'gateway', plan: { scraped: true, parse: 'all' } }
const program: Deliverer = { ...headgate, name: 'headgate, as its program starts', flags: programFlags }

/** The honest composition takes a minute where others take ten seconds. */
const thousandsTimeoutMs = 180_000

/** Device to hub and back: every reading acknowledged to its device and counted at the hub. */
export const endToEndScenario: Scenario = {
  name: 'end-to-end',
  about: `numbered 100-byte JSON lines over TCP to the emulator over TLS in batches of 100, all acknowledged. limit: a loop that parses, and a
pooled client that posts bodies made before; fused limit: makes a message of each line and keeps it until the hub has answered, too; limit that
encodes: posts what was sent, as base64; honest composition: through2, pumpify and the SDK as they are; headgate: serve(jsonLines(azureHttp)),
its metrics scraped every second, which looks readings through since nobody asks for their values; parsed: all made values of, as by the others`,
  ratios: [
    ratio(10, 'headgate', honest, { atLeast: 2.8 }),
    ratio(100, 'headgate', honest, { atLeast: 2 }),
    ratio(10, 'headgate', fusedLimit, { atLeast: 0.8 }),
    ratio(100, 'headgate', fusedLimit, { atLeast: 0.65 }),
    ratio(10, 'headgate', limit, { atLeast: 0.8 }),
    ratio(100, 'headgate', limit, { atLeast: 0.65 }),
    ratio(10, 'headgate', encodingLimit, {}),
    ratio(100, 'headgate', encodingLimit, {}),
    ratio(100, 'headgate, parsed', honest, {}),
    ratio(10, 'headgate, parsed', honest, {}),
    ratio(100, 'headgate, as its program starts', honest, {}),
    ratio(10, 'headgate, as its program starts', honest, {}),
    ratio(100, 'headgate, as its program starts', limit, {}),
    ratio(1000, 'headgate', honest, {}),
    ratio(1000, 'headgate', limit, {}),
  ],
  rows: [
    ...rowsFor(10, [limit, fusedLimit, encodingLimit, honest, headgate, parsed, program]),
    ...rowsFor(100, [limit, fusedLimit, encodingLimit, honest, headgate, parsed, program]),
    ...rowsFor(1000, [limit, honest, headgate]).map((row) => ({ ...row, timeoutMs: thousandsTimeoutMs })),
    ...[honest, headgate].map((deliverer) => ({
      ...rowFor(pacedName(deliverer), deliverer, { connections: 10, messages: 3000, messagesPerSecond: 1000 }),
      // The limit has no latency here to set it against.
      reference: pacedName(honest),
    })),
  ],
}

function pacedName({ name }: Deliverer): string {
  return `10 connections at 1000/s, ${name}`
}

function nameOf(connections: number, deliverer: string): string {
  return `${connections} connections, ${deliverer}`
}

function ratio(connections: number, of: string, to: Deliverer, aim: Pick<Ratio, 'atLeast'>): Ratio {
  const short = to === honest ? 'honest' : to.name
  return {
    name: `end-to-end/${connections}/${of}:${short}`,
    of: nameOf(connections, of),
    to: nameOf(connections, to.name),
    figure: 'cpuUsPerMessage',
    inverse: true,
    ...aim,
  }
}

function rowsFor(connections: number, deliverers: readonly Deliverer[]): Row[] {
  return deliverers.map((deliverer) => ({
    ...rowFor(nameOf(connections, deliverer.name), deliverer, { connections, messages: bulkMessages }),
    reference: nameOf(connections, limit.name),
  }))
}

function rowFor(name: string, deliverer: Deliverer, traffic: Traffic): Row {
  return { name, measure: (processes, effort) => measureDelivery(processes, effort, deliverer, traffic) }
}
