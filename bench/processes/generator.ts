import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { Device, type DeviceClaim } from '../parts/device.ts'
import { percentile } from '../parts/latency.ts'
import { lineBlock, lineBytes } from '../parts/lines.ts'
import { SpareCores } from '../parts/spare-cores.ts'
import { answer } from './answer.ts'

/** Which devices a generator plays. */
export interface Fleet {
  readonly port: number
  readonly seed: number
  /** Readings ask for acknowledgements, and sending waits for them. */
  readonly numbered: boolean
  /** Of a line; default 100. */
  readonly lineBytes?: number
  /** One a device; null connects and says nothing. */
  readonly claims: readonly (DeviceClaim | null)[]
  /** They speak TLS, and trust this authority. */
  readonly ca?: string
}

/** What became of what was sent. */
export interface Sent {
  readonly sent: number
  readonly acknowledged: number
}

/** As {@link Sent}, at a rate. */
export interface SentPaced extends Sent {
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly p999: number }
}

/** What happened while readings between two counts were acknowledged. */
export interface Stretch {
  readonly acknowledged: number
  readonly wallMs: number
  /** Of this machine, what nobody used meanwhile. */
  readonly spareCores: number
}

/** What was sent in a given time, and how long some of it waited for its receipt. */
export interface SentFor extends Sent {
  /** Of one reading a write: when it was acknowledged (`Date.now()`), and how long after it was written. */
  readonly latencies: readonly { readonly at: number; readonly ms: number }[]
}

/**
 * Readings that a device leaves unanswered where devices press: more than a ring holds (some 1,300 of 100 bytes), so that the rest stands in
 * TCP's buffers; not all that those take, which is megabytes, and would be all that latencies tell of.
 */
const pressedUnanswered = 2000

/** Readings of one write where devices press: small, so that latencies are seen often. */
const pressedAtOnce = 50

/** Devices that connect at once; more would overflow the queue of the listener. */
const connectingAtOnce = 100
const tickMs = 5

const devices: Device[] = []
let numbered = false

const generator = {
  /** Connects more devices. Resolves when all of them are welcome, or connected where they say nothing. */
  async open(fleet: Fleet): Promise<void> {
    numbered = fleet.numbered
    const bytes = fleet.lineBytes ?? lineBytes
    const load = { block: lineBlock(fleet.seed, numbered, bytes), numbered, lineBytes: bytes }
    for (let from = 0; from < fleet.claims.length; from += connectingAtOnce) {
      const greetings = fleet.claims.slice(from, from + connectingAtOnce).map((claim) => {
        const device = new Device(fleet.port, load, fleet.ca)
        devices.push(device)
        return device.greet(claim ?? undefined)
      })
      await Promise.all(greetings)
    }
  },

  /** Sends as fast as the gateway reads, from all devices alike. */
  async send(messages: number): Promise<Sent> {
    const before = countAcknowledged()
    const each = messages / devices.length
    if (!Number.isInteger(each)) throw new Error(`${messages} messages cannot be shared by ${devices.length} devices`)
    await Promise.all(devices.map((device) => device.write(each)))
    return finish(messages, before)
  },

  /**
   * Sends at a rate, whatever the gateway does: a reading's latency counts from when it was due, so that one stall is seen
   * in all readings that had to wait for it.
   */
  async sendPaced(messages: number, messagesPerSecond: number): Promise<SentPaced> {
    const before = countAcknowledged()
    for (const device of devices) device.latenciesMs = []
    await pace(messages, messagesPerSecond)
    const sent = await finish(messages, before)
    const sorted = devices.flatMap((device) => device.latenciesMs).sort((a, b) => a - b)
    return {
      ...sent,
      latencyMs: { p50: percentile(sorted, 50), p99: percentile(sorted, 99), p999: percentile(sorted, 99.9) },
    }
  },

  /** Every device writes whenever the gateway reads, for so long; resolves when all is acknowledged. */
  async sendFor(durationMs: number): Promise<SentFor> {
    const before = countAcknowledged()
    const until = performance.now() + durationMs
    let sent = 0
    const press = async (device: Device) => {
      while (performance.now() < until) {
        await device.fewerUnanswered(pressedUnanswered)
        sent += pressedAtOnce
        await device.write(pressedAtOnce - 1)
        await device.write(1, performance.now())
        // A gateway that takes everything must not keep this loop from hearing the receipts.
        await turn()
      }
    }
    for (const device of devices) device.heard = []
    await Promise.all(devices.map(press))
    const outcome = await finish(sent, before)
    return { ...outcome, latencies: devices.flatMap((device) => device.heard) }
  },

  /**
   * Beside `send`: from the moment that so many of its readings are acknowledged to the moment that so many are. For gateways whose parts do not
   * finish together.
   */
  async stretch(from: number, to: number): Promise<Stretch> {
    const before = countAcknowledged()
    const spare = new SpareCores()
    const reached = async (count: number) => {
      while (countAcknowledged() - before < count) await delay(tickMs)
      return { at: performance.now(), acknowledged: countAcknowledged() }
    }
    const begin = await reached(from)
    spare.start()
    const end = await reached(to)
    return {
      acknowledged: end.acknowledged - begin.acknowledged,
      wallMs: end.at - begin.at,
      spareCores: spare.stop(),
    }
  },

  /** How many connections stand. */
  countOpen(): number {
    return devices.filter((device) => device.open).length
  },

  /** Finishes sending; resolves when the gateway has closed every connection. */
  async close(): Promise<void> {
    await Promise.all(devices.map((device) => device.close()))
  },
}

/** What the generator process answers. */
export type Generator = typeof generator

function countAcknowledged(): number {
  return devices.reduce((sum, device) => sum + device.acknowledged, 0)
}

async function finish(sent: number, acknowledgedBefore: number): Promise<Sent> {
  if (numbered) await Promise.all(devices.map((device) => device.answered()))
  return { sent, acknowledged: countAcknowledged() - acknowledgedBefore }
}

function pace(messages: number, messagesPerSecond: number): Promise<void> {
  const startedAt = performance.now()
  const writes: Promise<void>[] = []
  let sent = 0
  return new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      const due = Math.min(messages, Math.floor(((performance.now() - startedAt) / 1000) * messagesPerSecond))
      for (; sent < due; sent++) {
        const dueAt = startedAt + (sent / messagesPerSecond) * 1000
        writes.push((devices[sent % devices.length] as Device).write(1, dueAt))
      }
      if (sent < messages) return
      clearInterval(timer)
      Promise.all(writes).then(() => resolve(), reject)
    }, tickMs)
  })
}

answer(generator)
