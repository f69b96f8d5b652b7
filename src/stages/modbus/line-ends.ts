import type { Messages } from '../../core/levels.ts'

/** The two ways out of a line, as the streams around it are. */
export interface LineEnds {
  /** Takes an item, also while it is full: those that are not asked for, and answers to commands, are few. */
  up(item: Messages['up']): void
  down(request: Buffer): void
  /** What is not asked for would still be taken, but no more should be asked. */
  readonly upIsFull: boolean
  /** So full that what the device says is not looked at. */
  readonly upIsHeld: boolean
  readonly downIsFull: boolean
  /** A defect: the connection cannot go on. */
  failed(thrown: unknown): void
}
