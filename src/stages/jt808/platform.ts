import {
  encodeGeneralResponse,
  encodeMultimediaResponse,
  encodeRegisterResponse,
  encodeResendRequest,
} from './answers.ts'
import { type Header, idText, type Terminal, writeMessage } from './message.ts'
import { messageIds } from './message-ids.ts'

/**
 * Makes the messages of the platform's side of one connection, without check and escapes. They have running serials of their own, from 0,
 * and the header's form and the id of whom they answer.
 */
export class Platform {
  #serial = 0

  /** 0x8001. */
  answer(to: Header, result: number): Buffer {
    const body = encodeGeneralResponse({ reply_serial: to.serial, reply_id: idText(to.id), result })
    return this.message(to, messageIds.platformAnswer, body).frame
  }

  /** 0x8100; the token goes with result 0 alone. */
  registered(to: Header, result: number, token?: string): Buffer {
    const body = encodeRegisterResponse({
      reply_serial: to.serial,
      result,
      ...(token !== undefined && { auth_code: token }),
    })
    return this.message(to, messageIds.registerAnswer, body).frame
  }

  /** 0x8800: a multimedia upload is whole. */
  multimedia(to: Header, multimediaId: number): Buffer {
    return this.message(to, messageIds.multimediaAnswer, encodeMultimediaResponse(multimediaId)).frame
  }

  /** 0x8003: send these sub-packages again. */
  resend(to: Terminal, firstSerial: number, indexes: readonly number[]): Buffer {
    const body = encodeResendRequest(firstSerial, indexes, to.version2019)
    return this.message(to, messageIds.resendRequest, body).frame
  }

  /** Any message, with the serial that it was given. */
  message(to: Terminal, id: number, body: Buffer): { readonly frame: Buffer; readonly serial: number } {
    const serial = this.#serial
    const frame = writeMessage(to, { id, serial, body })
    this.#serial = (serial + 1) & 0xffff
    return { frame, serial }
  }
}
