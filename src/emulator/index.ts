/**
 * A local Azure IoT Hub: real HTTPS, real SAS validation, the device API, the registry and a control API for tests.
 *
 * @example
 * const emulator = await startEmulator({ devices: [{ deviceId: 'd1' }] })
 * emulator.hub.subscribe((message) => console.log(message.deviceId, message.body.toString()))
 * await emulator.close()
 */
export type { PolicyName } from './access.ts'
export type { Clock } from './clock.ts'
export type { Command } from './command.ts'
export type { Counters, Operation, RequestOutcome } from './counters.ts'
export type { AcceptedMessage } from './d2c-message.ts'
export type { CommandState, Outcome } from './device-queue.ts'
export type { Emulator, EmulatorOptions } from './emulator.ts'
export { startEmulator } from './emulator.ts'
export { HubError } from './errors.ts'
export type { Fault, FaultOperation, Throttle } from './fault.ts'
export type { Faults } from './faults.ts'
export type { EmulatedHub } from './hub.ts'
export type { DeviceIdentity, DeviceInput, DeviceStatus } from './registry.ts'
export type { SignatureInput } from './shared-access-signature.ts'
export { signSharedAccessSignature } from './shared-access-signature.ts'
