import { limitGateway } from '../parts/limit-gateway.ts'
import { preparedBody } from '../parts/prepared-body.ts'
import { answer } from './answer.ts'

/** Posts bodies that were made before: of a reading nothing is needed but its number. */
answer(
  limitGateway<number>({
    keep: (_, sequence) => sequence,
    sequenceOf: (sequence) => sequence,
    body: (batch) => preparedBody(batch.length),
  }),
)
