import { limitGateway } from '../parts/limit-gateway.ts'
import { answer } from './answer.ts'

interface Reading {
  readonly line: string
  readonly sequence: number
}

const opening = ',{"body":"'
const properties =
  '","base64Encoded":true,"properties":{"iothub-contenttype":"application/json","iothub-contentencoding":"utf-8","iothub-messageid":"'

/** Posts what the devices sent: base64 of their lines, with the same properties to all and their number as the id. */
answer(
  limitGateway<Reading>({
    keep: (line, sequence) => ({ line, sequence }),
    sequenceOf: ({ sequence }) => sequence,
    body(batch) {
      let text = ''
      for (const { line, sequence } of batch) {
        text += `${opening}${Buffer.from(line, 'latin1').toString('base64')}${properties}${sequence}"}}`
      }
      return Buffer.from(`[${text.slice(1)}]`, 'latin1')
    },
  }),
)
