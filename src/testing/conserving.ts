import type { Pipeline } from '../core/pipeline.ts'
import { serve } from '../gateway/serve.ts'
import { memoryHub } from '../hub/memory.ts'
import type { Hub } from '../hub/port.ts'
import { Conservation, type ConservationVerdict } from './conservation.ts'
import { jsonLinesSpeech } from './json-lines-speech.ts'
import type { NumberedSpeech } from './numbered-speech.ts'
import { type Schedule, type ScheduleOptions, scheduleOf } from './schedule.ts'
import { tappedHub } from './tapped-hub.ts'
import { Trial, type TrialOptions } from './trial.ts'

/** Options of {@link conserving}. */
export interface ConservingOptions extends Omit<ScheduleOptions, 'maxHubFaults' | 'maxGatewayHarms' | 'hubFaults'> {
  /** Picks the schedule; default 1. */
  readonly seed?: number
  /** What happens, step by step, instead of the schedule of seed and bounds; links only are harmed. */
  readonly schedule?: Schedule
  /** How the devices speak; default {@link jsonLinesSpeech}. */
  readonly speech?: NumberedSpeech
  /** The hub that messages end in; default a {@link memoryHub} that believes every hello. */
  readonly hub?: Hub & { queueCommand(deviceId: string, body: string, options: { writeBefore: number }): string }
  /** As {@link TrialOptions.deadlineMs}. */
  readonly deadlineMs?: number
}

/**
 * Runs devices with numbered readings through a pipeline of yours, over sockets that break as a seed says, and judges whether anything was
 * lost, mixed up or claimed too soon. `make` builds the pipeline on the hub that it is given.
 *
 * @example
 * const verdict = await conserving((hub) => jsonLines(hub, { authenticator: byPolicy() }), { seed: 7 })
 * assert.ok(verdict.holds, JSON.stringify(verdict))
 */
export async function conserving(
  make: (hub: Hub) => Pipeline,
  options: ConservingOptions = {},
): Promise<ConservationVerdict> {
  const { seed = 1, schedule: given, speech = jsonLinesSpeech(), hub = memoryHub(), deadlineMs, ...bounds } = options
  const schedule = given ?? scheduleOf(seed, bounds)
  const conservation = new Conservation({ seed: schedule.seed })
  const gateway = await serve(make(tappedHub(hub, conservation, speech.originOf)), { port: 0, host: '127.0.0.1' })
  try {
    const trial = new Trial({
      schedule,
      conservation,
      speech,
      gatewayPort: gateway.address.port,
      ...(deadlineMs !== undefined && { deadlineMs }),
      queueCommand: (deviceId, { id }, writeBefore) =>
        hub.queueCommand(deviceId, JSON.stringify({ id }), { writeBefore }),
    })
    await trial.play()
    await gateway.drain()
  } finally {
    await gateway.close()
  }
  return conservation.verdict()
}
