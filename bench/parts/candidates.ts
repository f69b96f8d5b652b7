import type { HubPlace } from '../processes/emulator.ts'
import type { GatewayPlan } from '../processes/gateway.ts'
import { nodeRed, syslogNg } from './installed.ts'
import type { ProgramUsage } from './program.ts'
import { programFlags } from './program-flags.ts'
import type { SyslogNgPlan } from './syslog-ng-config.ts'

/** Who does the work of a gateway, or a part of it. */
export interface Candidate {
  readonly name: string
  /** The process that is it, or that runs it. */
  readonly process: string
  /** What Node is started with, where it is a process of Node. */
  readonly flags?: readonly string[]
  /** What that process shall know beside the hub; throws `Skipped` where it cannot run here. */
  plan(): readonly unknown[]
  /** Its devices say who they are, and wait until they are welcome. */
  readonly greets: boolean
  /** Its devices number their lines, and are told which have arrived. */
  readonly numbered?: boolean
  /** It does not hold devices: how many messages it has delivered is what it says itself, and may be fewer than were sent. */
  readonly loses?: boolean
}

/** What the process of every candidate answers. */
export interface CandidateProcess {
  listen(place: HubPlace, ...plan: readonly unknown[]): Promise<number>
  start(): void
  stop(): ProgramUsage
  /** Messages that it has brought to the hub of so many lines, all since it listens; only one that loses answers this. */
  delivered(lines: number): Promise<number>
}

const parsing: GatewayPlan = { scraped: true, parse: 'all' }

/** Headgate as its program starts, with receipts and metrics on, readings parsed as the others do; unnumbered lines ask for no receipt, as nobody else here gives one. */
export const headgate: Candidate = {
  name: 'headgate',
  process: 'gateway',
  plan: () => [parsing],
  flags: programFlags,
  greets: true,
}

/** The same, readings looked through rather than parsed, as jsonLines does by itself where nobody asks for their values. */
export const headgateKeys: Candidate = {
  name: 'headgate, keys',
  process: 'gateway',
  plan: () => [{ ...parsing, parse: 'keys' } satisfies GatewayPlan],
  flags: programFlags,
  greets: true,
}

/** through2, pumpify and the SDK as they are; it acknowledges every line. */
export const honestComposition: Candidate = {
  name: 'honest composition',
  process: 'honest-gateway',
  plan: () => [],
  greets: true,
  numbered: true,
}

/** Lines are parsed, joined into batches and posted, all as one device. */
export const nodeRedFlow: Candidate = { name: 'Node-RED', process: 'node-red', plan: () => [nodeRed()], greets: false }

/** A client of the SDK a socket, a message a chunk. */
export const forumSnippet: Candidate = {
  name: 'forum snippet',
  process: 'forum-gateway',
  plan: () => [],
  greets: false,
  loses: true,
}

/** syslog-ng, which passes lines on as they are. */
export const syslogNgPassing = syslogNgOf('syslog-ng', { parsed: false, flowControl: true })

/** The same with its JSON parser. */
export const syslogNgParsing = syslogNgOf('syslog-ng, parsed', { parsed: true, flowControl: true })

/** As it comes: what does not fit into its queue is dropped. */
export const syslogNgDropping: Candidate = {
  ...syslogNgOf('syslog-ng, no flow control', { parsed: false, flowControl: false }),
  loses: true,
}

function syslogNgOf(name: string, plan: SyslogNgPlan): Candidate {
  return { name, process: 'syslog-ng', plan: () => [syslogNg(), plan], greets: false }
}
