import { telemetry } from '../../src/core/items.ts'
import { encodedBatch } from '../../src/hub/batch-body.ts'
import { BodyPool } from '../../src/hub/body-pool.ts'
import { lineBlock, lineBytes } from './lines.ts'

/** Of a numbered line, up to the member behind its number. */
const begin = '{"$seq":10000000,'.length
const bodies = new Map<number, Buffer>()

/** The body of a batch of so many readings, as Headgate would send it, made once and kept. */
export function preparedBody(count: number): Buffer {
  let body = bodies.get(count)
  if (body === undefined) {
    const block = lineBlock(1, true)
    const messages = Array.from({ length: count }, (_, index) => {
      const at = index * lineBytes
      const options = {
        messageId: `${1e6 + index}-0123456789ab`,
        contentType: 'application/json',
        contentEncoding: 'utf-8',
      }
      return telemetry(Buffer.from(`{${block.toString('latin1', at + begin, at + lineBytes - 1)}`), options)
    })
    body = encodedBatch(messages, new BodyPool()).body
    bodies.set(count, body)
  }
  return body
}
