import type { Batch, BatchReceipt, Command, Hello, Receipt, Report, Telemetry } from './items.ts'

/**
 * What travels between two stages in each direction. A level exists for the compiler only; its name keeps bytes and
 * frames apart although both are Buffers.
 */
export interface Level<Up = unknown, Down = unknown, Name extends string = string> {
  readonly up: Up
  readonly down: Down
  readonly name: Name
}

/** Socket chunks, cut anywhere. */
export type Bytes = Level<Buffer, Buffer, 'bytes'>

/** Whole wire units, binary. */
export type Frames = Level<Buffer, Buffer, 'frames'>

/** Whole lines of text without their terminator. */
export type Lines = Level<string, string, 'lines'>

/** Decoded items. */
export type Messages = Level<
  Hello | Telemetry | Report | Receipt<Command>,
  Command | Receipt<Hello | Telemetry | Report>,
  'messages'
>

/** What the hub endpoint takes and gives. */
export type Batches = Level<Batch | Receipt<Command>, Command | BatchReceipt, 'batches'>
