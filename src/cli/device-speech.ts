import type { Framing } from '../core/framing.ts'

/** Which of many simulated devices one is. */
export interface SimulatedIdentity {
  /** A name for protocols whose device ids are free. */
  readonly deviceId: string
  /** Its number, from 1; protocols whose ids are digits make theirs of it. */
  readonly index: number
}

/** What a simulated device measures. */
export interface DeviceState {
  readonly latitude_deg: number
  readonly longitude_deg: number
  readonly altitude_m: number
  readonly speed_kmh: number
  /** Clockwise from north, 0 to 359. */
  readonly course_deg: number
  readonly temperature_c: number
  readonly time: Date
  /** Counts the reports of this device, from 1. */
  readonly sequence: number
}

/** A report as it goes on the wire. */
export interface SpokenReport {
  readonly bytes: Buffer
  /** Under which the gateway's answer will name it; undefined where it has none. */
  readonly key: string | undefined
  /** How many messages it becomes at the hub; default 1. */
  readonly readings?: number
}

/** What a frame from the gateway means to a device. */
export type Heard =
  | { readonly kind: 'welcome' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** The gateway has answered a report: it is done; it never will be; it is to be sent once more later. */
  | { readonly kind: 'acked' | 'rejected' | 'again'; readonly key: string }
  /** The device says something at once, such as an answer. */
  | { readonly kind: 'say'; readonly bytes: Buffer }
  /** It obeyed a command; what it answers is said besides. */
  | { readonly kind: 'command'; readonly id: string }
  /** It answered a poll: one reading. */
  | { readonly kind: 'polled' }
  /** The gateway said something that it must not say. */
  | { readonly kind: 'unexpected'; readonly reason: string }

/** How a device of some protocol speaks; one object a device, which keeps its serials and its state of login. */
export interface DeviceSpeech {
  /** The id under which the hub knows it. */
  readonly deviceId: string
  /** Cuts what the gateway sends. */
  readonly framing: Framing
  /** Reports that may wait for their answer at once. */
  readonly window: number
  /** False where the protocol answers no report: one that is written counts as such only. */
  readonly answersReports: boolean
  /** True where the device is asked and never reports by itself. */
  readonly isPolled?: boolean
  /** True once it may report; from the start where there is no login. */
  readonly welcomed: boolean
  /** What it says on connecting. */
  hello(): readonly Buffer[]
  report(state: DeviceState): SpokenReport
  hear(frame: Buffer): readonly Heard[]
}
