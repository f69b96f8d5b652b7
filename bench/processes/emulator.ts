import { type AcceptedMessage, type EmulatedHub, type Fault, startEmulator } from '../../src/emulator/index.ts'
import { Arrivals } from '../parts/arrivals.ts'
import type { DeviceClaim } from '../parts/device.ts'
import { answer } from './answer.ts'

/** Where the emulator is, and its devices with their keys. */
export interface HubPlace {
  readonly connectionString: string
  readonly ca: string
  readonly claims: readonly DeviceClaim[]
}

/** What the hub has, and what that has cost it so far. */
export interface HubCount {
  readonly messages: number
  /** Quota meters of 4 KB that they cost. */
  readonly meters: number
  /** Readings in them, counted where that was asked for: elements of arrays, lines. */
  readonly readings: number
  /** Messages that are one reading's line and no more, counted where that was asked for. */
  readonly wholeLines: number
  /** Requests that carried messages. */
  readonly requests: number
  readonly cpuUs: number
}

/** What a scenario wants to know of the hub beside its counts. */
export interface HubWishes {
  readonly countReadings?: boolean
  readonly countWholeLines?: boolean
  /** The connection string is that of a policy which may act for all devices. */
  readonly policy?: boolean
  /** Devices whose readings say in `at` when they were made: how late they arrive is noted. */
  readonly lagsOf?: readonly string[]
}

/** How late a reading arrived, and when; milliseconds. */
export interface Lag {
  readonly at: number
  readonly ms: number
}

const lagsSeen: Lag[] = []
const messages = new Arrivals()
let meters = 0
let readings = 0
let wholeLines = 0
let hub: EmulatedHub | undefined

const emulator = {
  /** Starts a hub with so many devices. */
  async listen(devices: number, how: HubWishes = {}): Promise<HubPlace> {
    const deviceIds = Array.from({ length: devices }, (_, index) => `d${index + 1}`)
    const started = await startEmulator({ devices: deviceIds.map((deviceId) => ({ deviceId })) })
    const { hostName, ca } = started
    const listening = started.hub
    hub = listening
    listening.subscribe((message) => {
      messages.add(1)
      meters += Math.max(1, Math.ceil(meteredBytes(message) / 4096))
      if (how.countReadings) readings += readingsIn(message)
      if (how.countWholeLines && isWholeLine(message)) wholeLines++
      if (how.lagsOf?.includes(message.deviceId)) noteLag(message)
    })
    const claims = deviceIds.map((deviceId) => ({
      deviceId,
      key: listening.requireDevice(deviceId).authentication.symmetricKey.primaryKey,
    }))
    return { connectionString: how.policy ? started.connectionString : `HostName=${hostName}`, ca, claims }
  },

  /** What goes wrong from now on, in place of what did. */
  fault(fault: Fault): void {
    hub?.faults.put(fault)
  },

  /** Nothing goes wrong any more; what was held goes on. */
  heal(): void {
    hub?.faults.clear()
  },

  lags: (): readonly Lag[] => lagsSeen,

  /** Sends that were answered 429. */
  throttled: (): number => hub?.counters.requests('send', 429) ?? 0,

  count(): HubCount {
    const { user, system } = process.cpuUsage()
    const requests = hub?.counters.requests('send') ?? 0
    return { messages: messages.count, meters, readings, wholeLines, requests, cpuUs: user + system }
  },

  /** Resolves when so many messages have arrived since the beginning. */
  reached: (total: number): Promise<void> => messages.reached(total),
}

/** What the emulator process answers. */
export type EmulatorProcess = typeof emulator

/** What the quota counts: body, names and values of the application's properties, values of the system's. */
function meteredBytes({ body, properties, systemProperties }: AcceptedMessage): number {
  let bytes = body.length
  for (const [name, value] of Object.entries(properties)) bytes += Buffer.byteLength(name) + Buffer.byteLength(value)
  for (const [name, value] of Object.entries(systemProperties)) {
    // What the hub stamped itself is not billed.
    if (!name.startsWith('iothub-')) bytes += Buffer.byteLength(value)
  }
  return bytes
}

function noteLag({ body }: AcceptedMessage): void {
  const { at } = JSON.parse(body.toString()) as { at: number }
  lagsSeen.push({ at: Date.now(), ms: Date.now() - at })
}

/** With its break or without; a reading is a flat object, and nothing else in it is a brace. */
function isWholeLine({ body }: AcceptedMessage): boolean {
  const end = body[body.length - 1] === 0x0a ? body.length - 1 : body.length
  return body[0] === 0x7b && body.indexOf(0x7d) === end - 1
}

function readingsIn({ body }: AcceptedMessage): number {
  if (body[0] !== 0x5b) return body.toString('latin1').split('\n').length
  return (JSON.parse(body.toString()) as unknown[]).length
}

answer(emulator)
