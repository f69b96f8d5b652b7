import { type DecodedRequest, decodeRequest } from './rtu-request.ts'
import { type DecodedResponse, decodeResponse } from './rtu-response.ts'

/**
 * Takes frames apart that nobody here asked for, such as those of a DTU that polls by itself, or of a log that was pasted. What the frame
 * before was tells requests from responses where their bytes do not: functions 5 and 6 are answered by an echo, so the first is the
 * request, and the same once more its response. Alone, bits of three bytes are a response. A response has as many bits as its request asked for.
 */
export class Overheard {
  readonly #envelope: boolean
  #request: { readonly frame: Buffer; readonly decoded: DecodedRequest } | undefined

  constructor(envelope: boolean) {
    this.#envelope = envelope
  }

  /** `isRequest`, `isResponse`: what the frame's length allows it to be. */
  decode(frame: Buffer, isRequest: boolean, isResponse: boolean): DecodedRequest | DecodedResponse {
    if (isRequest && !(isResponse && this.#answers(frame))) return this.#asks(frame)
    const response = decodeResponse(frame, { envelope: this.#envelope, bits: this.#bitsAskedFor(frame) })
    this.#request = undefined
    return response
  }

  #asks(frame: Buffer): DecodedRequest {
    const decoded = decodeRequest(frame, this.#envelope)
    this.#request = { frame: Buffer.from(frame), decoded }
    return decoded
  }

  /** Whether what may be both is a response. */
  #answers(frame: Buffer): boolean {
    const code = frame[1] as number
    if (code > 2) return this.#request?.frame.equals(frame) ?? false
    return this.#request === undefined || this.#bitsAskedFor(frame) !== undefined
  }

  #bitsAskedFor(frame: Buffer): number | undefined {
    const { unit, function: code, quantity = 0 } = this.#request?.decoded ?? {}
    if (unit !== frame[0] || code !== frame[1] || code === undefined || code > 2) return undefined
    return Math.ceil(quantity / 8) === frame[2] ? quantity : undefined
  }
}
