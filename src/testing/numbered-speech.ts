import type { Outcome } from '../core/items.ts'

/** Who sent a reading, and which of theirs it is. */
export interface Origin {
  readonly deviceId: string
  readonly number: number
}

/** What the gateway says to a device, as far as an oracle must understand it. */
export type Heard =
  | { readonly said: 'welcome' }
  /** The hello was refused. */
  | { readonly said: 'refused' }
  | { readonly said: 'receipt'; readonly number: number; readonly outcome: Outcome }
  | { readonly said: 'command'; readonly id: string }

/** How devices with numbered readings speak a protocol; written by whoever tests a pipeline of their own. */
export interface NumberedSpeech {
  /** What a device says first; it waits for its welcome, unless {@link NumberedSpeech.welcomes} is false. */
  hello(deviceId: string): Uint8Array | string
  /** False where the protocol answers no hello; default true. */
  readonly welcomes?: boolean
  /** Reading `number`, with device id and number in what becomes the body of the hub's message. */
  reading(deviceId: string, number: number): Uint8Array | string
  answer(commandId: string, outcome: Outcome): Uint8Array | string
  /** Opened for each connection: takes bytes as they come, cut anywhere, and gives what has become whole. */
  listen(): (bytes: Buffer) => Iterable<Heard>
  /** Reads the origin out of the body of a message at the hub; undefined where it is none of these readings. */
  originOf(body: Uint8Array): Origin | undefined
}
