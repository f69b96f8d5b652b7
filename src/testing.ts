/** What tests of stages and pipelines need; shipped as `headgate/testing`. */
export { type AcceptedMessage, MemoryHub, type MemoryHubOptions, memoryHub, type SettledCommand } from './hub/memory.ts'
export { type CutOptions, cutAt, everyCut, seeded, singly } from './testing/cuts.ts'
export { EmbeddedDevice, embed } from './testing/embed.ts'
export { type Fed, feed } from './testing/feed.ts'
export {
  type HostileOptions,
  type HostileReport,
  hostile,
  roundTrip,
  splitInvariant,
} from './testing/properties.ts'
