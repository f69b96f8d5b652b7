import { limitGateway } from '../parts/limit-gateway.ts'
import { preparedBody } from '../parts/prepared-body.ts'
import { answer } from './answer.ts'

interface Message {
  readonly body: Buffer
  readonly properties: Readonly<Record<string, string>>
  readonly contentType: string
  readonly contentEncoding: string
  readonly sequence: number
}

const properties = Object.freeze({})
const openBrace = 0x7b

/**
 * Posts bodies that were made before, behind an inbound way that does its work fused into one function: a message is made of each line, and kept
 * until the hub has answered. Its value is let go of at once, as batching does.
 */
answer(
  limitGateway<Message>({
    keep(line, sequence) {
      const body = Buffer.from(line.slice(line.indexOf(',')), 'latin1')
      body[0] = openBrace
      return { body, properties, contentType: 'application/json', contentEncoding: 'utf-8', sequence }
    },
    sequenceOf: ({ sequence }) => sequence,
    body: (batch) => preparedBody(batch.length),
  }),
)
