import assert from 'node:assert/strict'
import type { Framing } from '../../src/core/framing.ts'
import { type Cut, cutAt, deframe, singly } from './cutting.ts'
import { countTouched } from './touched.ts'

/** Bytes from hex, in which anything else may stand for the eye. */
export function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/[^0-9a-f]/gi, ''), 'hex')
}

/** The same bytes in memory that nothing else is in, so that a view of them can be told from a copy. */
export function alone(hex: string): Buffer {
  return Buffer.from(Uint8Array.from(bytes(hex)).buffer)
}

/** What a deframer told, in order: frames as hex, refusals as a code and what they show. */
export function told({ events }: Cut<Buffer>): string[] {
  return events.map((each) =>
    'frame' in each ? each.frame.toString('hex') : `${each.error.code} ${(each.item as Buffer).toString('hex')}`,
  )
}

/** Asserts that the wire gives this whole, cut at these places, and byte by byte. */
export function assertTold(
  framing: Framing,
  wire: Buffer,
  places: readonly number[],
  expected: readonly string[],
): void {
  for (const chunks of [[wire], cutAt(wire, places), singly(wire)]) {
    assert.deepEqual(told(deframe(framing, chunks)), expected)
  }
}

/** How many bytes a finder looks at in its window when a wire of one frame comes byte by byte; it is asked when it said so. */
export function readsOf(framing: Framing, wire: Buffer): number {
  const finder = framing.finder()
  const touched = countTouched((watch) => {
    let total = 1
    let byte = -1
    for (let length = 1; length <= wire.length; length++) {
      const enough = length === total || byte === 256 || byte === wire[length - 1]
      if (!enough) continue
      const said = finder.find(watch(wire.subarray(0, length)), 0)
      if (said.kind !== 'wait') {
        assert.equal(length, wire.length, `${said.kind} after ${length} bytes`)
        return
      }
      total = said.total
      byte = said.byte
    }
    assert.fail('no frame')
  })
  return touched.read
}
