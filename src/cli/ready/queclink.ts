import { queclink } from '../../pipelines/queclink.ts'
import { annotateMessages } from '../../stages/queclink/annotation.ts'
import { queclinkDevice, simulatedPassword } from '../devices/queclink.ts'
import type { ReadyProtocol } from '../ready-protocol.ts'

/**
 * Queclink @Track in ASCII. `decode` answers as to devices in which SACK is not enabled, and takes messages of a server, which name no
 * device, for those of a device `queclink`.
 */
export const queclinkReady: ReadyProtocol = {
  name: 'queclink',
  decode: (to) =>
    queclink(to, { unnamed: 'queclink', envelope: true, heartbeats: true, batch: { maxCount: 1, lingerMs: 0 } }),
  annotate: annotateMessages,
  simulated: (to) => queclink(to, { sack: true, password: simulatedPassword }),
  device: queclinkDevice,
}
