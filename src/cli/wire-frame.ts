import { Connection } from '../core/connection.ts'
import { GatewayError } from '../core/errors.ts'
import type { Outlet } from '../core/stage.ts'
import type { ReadFrame } from '../gateway/read-dead-letter.ts'
import { memoryHub } from '../hub/memory.ts'
import { readyProtocols } from './ready-protocols.ts'

/**
 * A refused frame as its device sent it, in hexadecimal: what the stages outside of the one that refused it had taken away, such as marks,
 * escapes and checks, is put back, so that `headgate decode` finds it. Undefined where that cannot be: for pipelines that are not ready
 * ones, frames that were cut, and what the framing would not send.
 */
export function wireFrame({ pipeline, stage, frameHex, isCut }: ReadFrame): string | undefined {
  const protocol = readyProtocols.find(({ name }) => name === pipeline)
  if (protocol === undefined || isCut) return undefined
  const { stages, name } = protocol.decode(memoryHub())
  const refusedBy = stages.findIndex((each) => each.name === stage?.split('.')[0])
  if (refusedBy < 0) return undefined
  const connection = new Connection({ id: 'replay', pipeline: name })
  let frames: unknown[] = [Buffer.from(frameHex, 'hex')]
  try {
    for (const outer of stages.slice(0, refusedBy).reverse()) {
      const { down } = outer.open(connection)
      if (down !== undefined) frames = frames.flatMap((frame) => sent(down, frame))
    }
  } catch (thrown) {
    const { code } = GatewayError.from(thrown)
    // What the framing refuses to send: bytes that its device could not have sent so either.
    if (code === 'BUG' || code === 'MESSAGE_TOO_LARGE') return undefined
    throw thrown
  } finally {
    connection.close()
  }
  return Buffer.concat(frames as Buffer[]).toString('hex')
}

/** What a step of the way down makes of a frame. The framings of ready pipelines are steps. */
function sent(down: unknown, frame: unknown): unknown[] {
  if (typeof down !== 'function') throw new GatewayError('BUG', 'a framing whose way down is not a step')
  const emitted: unknown[] = []
  const out: Outlet<unknown, unknown> = {
    emit: (item) => emitted.push(item),
    reply: () => undefined,
    fail(error) {
      throw error
    },
  }
  down(frame, out)
  return emitted
}
