import type { Duplex } from 'node:stream'

/** True for a stage half that is a Node duplex rather than a step. */
export function isStream(half: object): half is Duplex {
  return typeof (half as Partial<Duplex>).pipe === 'function'
}

/**
 * Makes what a user's stream throws while it takes a chunk an error of that stream. Node lets it fly to whoever wrote, in the
 * end to the socket's event, where it would take the process down with every other connection.
 */
export function guardStream(stream: Duplex): Duplex {
  const write = stream._write
  stream._write = (chunk, encoding, done) => {
    try {
      write.call(stream, chunk, encoding, done)
    } catch (thrown) {
      stream.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)))
    }
  }
  return stream
}

/** The way in before a plain stream. Returns a promise while the stream has no room. */
export function enterStream(stream: Duplex): (item: unknown) => Promise<void> | undefined {
  return (item) => {
    if (stream.destroyed || stream.writableEnded || stream.write(item)) return undefined
    return new Promise((resolve) => {
      const settle = () => {
        stream.off('drain', settle)
        stream.off('close', settle)
        resolve()
      }
      stream.on('drain', settle)
      stream.on('close', settle)
    })
  }
}
