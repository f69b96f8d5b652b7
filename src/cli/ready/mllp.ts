import { mllp } from '../../pipelines/mllp.ts'
import { annotateBlocks } from '../../stages/hl7/annotation.ts'
import { senderId } from '../../stages/hl7/sender-id.ts'
import { mllpDevice } from '../devices/mllp.ts'
import type { ReadyProtocol } from '../ready-protocol.ts'

/** HL7 v2 over MLLP. `decode` takes messages that name no sender for those of a device `mllp`. */
export const mllpReady: ReadyProtocol = {
  name: 'mllp',
  decode: (to) =>
    mllp(to, {
      deviceId: ({ sending_application, sending_facility }) =>
        senderId(sending_application, sending_facility) || 'mllp',
      envelope: true,
      batch: { maxCount: 1, lingerMs: 0 },
    }),
  annotate: annotateBlocks,
  simulated: (to) => mllp(to),
  device: mllpDevice,
}
