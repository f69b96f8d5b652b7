import type { IncomingMessage } from 'node:http'
import { HubError, PeerGone } from './errors.ts'

/** How much of a refused body is thrown away before its connection is cut. */
const discardedBytes = 1024 * 1024

/**
 * Reads a body into memory, no further than `maxBytes`.
 *
 * @throws What `tooLarge` makes, as soon as the body is longer. {@link PeerGone} when the peer left in the middle.
 */
export async function readBody(request: IncomingMessage, maxBytes: number, tooLarge: () => HubError): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const leave = () => {
      request.off('data', data).off('end', end).off('error', gone).off('close', gone)
    }
    const data = (chunk: Buffer) => {
      length += chunk.length
      if (length <= maxBytes) chunks.push(chunk)
      else {
        leave()
        request.pause()
        reject(tooLarge())
      }
    }
    const end = () => {
      leave()
      resolve(Buffer.concat(chunks, length))
    }
    const gone = () => {
      leave()
      reject(new PeerGone())
    }
    request.on('data', data).on('end', end).on('error', gone).on('close', gone)
  })
}

/** Reads a body as JSON. @throws {HubError} 413001 over 1 MiB, 400006 when it is no JSON. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request, 1024 * 1024, () => new HubError(413001, 'the request is too large'))
  try {
    return JSON.parse(body.toString())
  } catch {
    throw new HubError(400006, 'the request is not JSON')
  }
}

/**
 * Throws away what is still to come of a request that was answered early: a little, so that a peer which is still
 * writing reads its answer rather than a reset; then the connection is cut, so that nobody can write for ever.
 */
export function discardRest(request: IncomingMessage): void {
  if (request.complete) return
  let length = 0
  request.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length > discardedBytes) request.socket.destroy()
  })
  // A peer that leaves now leaves nothing undone.
  request.on('error', () => {})
  request.resume()
}
