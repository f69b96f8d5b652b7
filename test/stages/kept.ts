import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** How many of the chunks that were given to `push`, each a buffer of its own, are still in memory afterwards. */
export async function chunksKept(bytes: Buffer, push: (chunk: Buffer) => void): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const given: WeakRef<ArrayBufferLike>[] = []
  for (const byte of bytes) {
    const chunk = Buffer.allocUnsafeSlow(1)
    chunk[0] = byte
    given.push(new WeakRef(chunk.buffer))
    push(chunk)
  }
  await turn()
  collectGarbage()
  return given.filter((each) => each.deref() !== undefined).length
}
