import type { TestContext } from 'node:test'
import type { GatewayOptions } from '../../src/gateway/serve.ts'
import type { MemoryHubOptions } from '../../src/hub/memory.ts'
import { type Jt808Options, jt808 } from '../../src/pipelines/jt808.ts'
import type { MessageFields } from '../../src/stages/jt808/fields.ts'
import { messagesIn, TestTerminal } from '../stages/jt808/terminal.ts'
import { type BinaryDevice, type Served, served } from './served.ts'

const flag = 0x7e

/** The next so many messages from the gateway, checks verified. */
export async function answers(device: BinaryDevice, count: number): Promise<MessageFields[]> {
  const end = () => endOfMessages(device.pending(), count)
  await device.until(() => end() > 0 || device.ended || device.closed)
  return messagesIn(await device.read(end() > 0 ? end() : 2 ** 20))
}

/** Everything that came and was not read, without waiting. */
export function answered(device: BinaryDevice): MessageFields[] {
  return messagesIn(device.pending())
}

/** Behind the last flag of so many messages; 0 where they have not come. */
function endOfMessages(bytes: Buffer, count: number): number {
  let at = 0
  for (let flags = 0; flags < 2 * count; flags++) {
    const next = bytes.indexOf(flag, at)
    if (next < 0) return 0
    at = next + 1
  }
  return at
}

/** Which message is answered, and with what. */
export function verdicts(messages: readonly MessageFields[]): readonly unknown[][] {
  return messages.map(({ message_id, reply_id, reply_serial, result }) =>
    message_id === '0x8001' ? [reply_id, reply_serial, result] : [message_id, reply_serial, result],
  )
}

export interface RigOptions extends Jt808Options {
  readonly gateway?: GatewayOptions
  readonly memory?: MemoryHubOptions
}

/** A pipeline behind a real socket, each message to the hub by itself. */
export function servedJt808(t: TestContext, options: RigOptions = {}): Promise<Served> {
  const { gateway, memory, ...others } = options
  const batch = { maxCount: 1, lingerMs: 0 }
  return served(t, (to) => jt808(to, { batch, ...others }), {
    ...gateway,
    ...(memory !== undefined && { memory }),
  })
}

/** The same with a terminal that has authenticated itself; its next serial is 2. */
export async function authenticated(t: TestContext, options: RigOptions & { readonly version2019?: boolean } = {}) {
  const { version2019 = false, ...others } = options
  const rig = await servedJt808(t, others)
  const device = await rig.device()
  const terminal = new TestTerminal('13800000001', version2019)
  await device.write(terminal.authenticate())
  await answers(device, 1)
  return { ...rig, device, terminal }
}
