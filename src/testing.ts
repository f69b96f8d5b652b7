/** What tests of stages and pipelines need; shipped as `headgate/testing`. */
export { type AcceptedMessage, MemoryHub, type MemoryHubOptions, memoryHub, type SettledCommand } from './hub/memory.ts'
export {
  type CommandEnd,
  Conservation,
  type ConservationOptions,
  type ConservationVerdict,
  type QueuedCommand,
} from './testing/conservation.ts'
export { type ConservingOptions, conserving } from './testing/conserving.ts'
export { type CutOptions, cutAt, everyCut, seeded, singly } from './testing/cuts.ts'
export { EmbeddedDevice, embed } from './testing/embed.ts'
export { FaultyLink, type FaultyLinkOptions, faultyLink, type Seen } from './testing/faulty-link.ts'
export {
  type FaultyStore,
  type FaultyStoreOptions,
  faultyStore,
  type StoreFault,
} from './testing/faulty-store.ts'
export { type Fed, feed } from './testing/feed.ts'
export { GatewayProcess, type GatewayProcessOptions, gatewayProcess } from './testing/gateway-process.ts'
export { type HubFaultOptions, hubFault } from './testing/hub-faults.ts'
export { type JsonLinesSpeechOptions, jsonLinesSpeech } from './testing/json-lines-speech.ts'
export type { LinkDirection, LinkFault } from './testing/link-fault.ts'
export { NumberedDevice, type NumberedDeviceOptions } from './testing/numbered-device.ts'
export type { Heard, NumberedSpeech, Origin } from './testing/numbered-speech.ts'
export {
  type HostileOptions,
  type HostileReport,
  hostile,
  roundTrip,
  splitInvariant,
} from './testing/properties.ts'
export {
  type Harm,
  linkFault,
  type Schedule,
  type ScheduledCommand,
  type ScheduleOptions,
  type Step,
  scheduleOf,
} from './testing/schedule.ts'
export { stepOf } from './testing/step-of.ts'
export { tappedHub } from './testing/tapped-hub.ts'
export { Trial, type TrialOptions, trialDeviceIds } from './testing/trial.ts'
