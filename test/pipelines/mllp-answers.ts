import type { BinaryDevice } from './served.ts'

const endBlock = Buffer.of(0x1c, 0x0d)

/** The next acknowledgement from the gateway, without its block. Rejects if it ends first. */
export async function nextAck(device: BinaryDevice): Promise<string> {
  await device.until(() => device.pending().includes(endBlock) || device.ended || device.closed)
  const length = device.pending().indexOf(endBlock) + endBlock.length
  const block = await device.read(Math.max(length, 1 + endBlock.length))
  return block.toString('latin1', 1, length - endBlock.length)
}

/** The MSA segments of the next acknowledgements. */
export async function nextMsas(device: BinaryDevice, count: number): Promise<string[]> {
  const segments: string[] = []
  while (segments.length < count) segments.push((await nextAck(device)).split('\r')[1] ?? '')
  return segments
}
