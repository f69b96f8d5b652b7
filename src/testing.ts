/** What tests of stages and pipelines need; shipped as `headgate/testing`. */
export { type AcceptedMessage, MemoryHub, type MemoryHubOptions, memoryHub, type SettledCommand } from './hub/memory.ts'
export { EmbeddedDevice, embed } from './testing/embed.ts'
export { type Fed, feed } from './testing/feed.ts'
