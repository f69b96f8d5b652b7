import type { ServerResponse } from 'node:http'
import type { AcceptedMessage } from './d2c-message.ts'
import type { EmulatedHub } from './hub.ts'

/** How far a reader may fall behind before it is cut off. */
const maxBufferedBytes = 1024 * 1024

/** Server-sent events of every accepted message, for readers that come and go. */
export class EventTap {
  readonly #readers = new Set<ServerResponse>()
  readonly #unsubscribe: () => void

  constructor(hub: EmulatedHub) {
    this.#unsubscribe = hub.subscribe((message) => this.#tell(message))
  }

  /** How many read now. */
  get readers(): number {
    return this.#readers.size
  }

  /**
   * Makes a response a stream of events: a comment at once, then one `data:` line of JSON for each message, `{deviceId,
   * body (base64), properties, systemProperties, enqueuedTime}`. Ends when the reader leaves, falls 1 MiB behind, or at
   * {@link close}. Format: server-sent events, WHATWG HTML.
   */
  add(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    response.write(': listening\n\n')
    this.#readers.add(response)
    response.once('close', () => this.#readers.delete(response))
  }

  /** Ends every stream. */
  close(): void {
    this.#unsubscribe()
    for (const reader of this.#readers) reader.end()
  }

  #tell(message: AcceptedMessage): void {
    if (this.#readers.size === 0) return
    const event = `data: ${JSON.stringify({ ...message, body: message.body.toString('base64') })}\n\n`
    for (const reader of this.#readers) {
      reader.write(event)
      if (reader.writableLength > maxBufferedBytes) reader.destroy()
    }
  }
}
