import { bulkMessages, type Deliverer, measureDelivery } from '../parts/delivery.ts'
import type { Ratio, Row, Scenario } from '../scenario.ts'

/** Of a semi-space, in MiB; Node's own choice is 16. */
const sizes: readonly number[] = [32, 64, 128]
const loads: readonly number[] = [10, 100, 1000]

const usual: Deliverer = { name: "Node's own choice", process: 'gateway', plan: { scraped: true } }
const settings: readonly Deliverer[] = [
  usual,
  ...sizes.map((size) => ({ ...usual, name: nameOf(size), flags: [`--max-semi-space-size=${size}`] })),
]

/** What the size of the young generation is worth: the only setting of V8 that ever mattered here. */
export const garbageCollectionScenario: Scenario = {
  name: 'garbage-collection',
  about:
    'headgate of the scenario end-to-end, with semi-spaces of the young generation that may grow to so many MiB: a reading lives until the hub ' +
    'has answered, and where many do at once a small young generation copies each of them twice and makes it old',
  rows: loads.flatMap((connections) => settings.map((setting) => rowFor(connections, setting))),
  ratios: loads.flatMap((connections) => sizes.map((size) => ratio(connections, size))),
}

function nameOf(size: number): string {
  return `${size} MiB`
}

function rowNameOf(connections: number, { name }: Deliverer): string {
  return `${connections} connections, ${name}`
}

function rowFor(connections: number, setting: Deliverer): Row {
  return {
    name: rowNameOf(connections, setting),
    reference: rowNameOf(connections, usual),
    measure: (processes, effort) =>
      measureDelivery(processes, effort, setting, { connections, messages: bulkMessages }),
  }
}

function ratio(connections: number, size: number): Ratio {
  return {
    name: `garbage-collection/${connections}/${size}:usual`,
    of: `${connections} connections, ${nameOf(size)}`,
    to: rowNameOf(connections, usual),
    figure: 'cpuUsPerMessage',
  }
}
