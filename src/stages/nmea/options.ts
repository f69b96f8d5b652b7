import type { Connection } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import { isDeviceId } from '../hub-names.ts'
import type { Sentence } from './sentence.ts'

/** Options of {@link nmeaCodec}. */
export interface NmeaCodecOptions {
  /**
   * Who the receiver is, since no sentence says so: an id, or a function that is asked with every sentence until it gives one, such as
   * by the peer's address or by `sentence.tags?.s`.
   */
  readonly deviceId: string | ((sentence: Sentence, connection: Connection) => string | undefined)
  /** False also takes sentences without a checksum; one that is there must be right all the same. Default true. */
  readonly requireChecksum?: boolean
  /** The types to send, such as `['RMC', 'VDM']`; others are passed over. Default: all. */
  readonly types?: readonly string[]
  /** How long the parts of an AIS message may take to come together; default 60000. */
  readonly partsTimeoutMs?: number
  /** Also puts the checksum into bodies; default false. */
  readonly envelope?: boolean
  /** Milliseconds that only ever grow, for tests; default `performance.now`. */
  readonly clock?: () => number
}

/** Throws `CONFIGURATION` for options that cannot work. */
export function checkNmeaOptions({ deviceId, types, partsTimeoutMs = 60_000 }: NmeaCodecOptions): void {
  if (typeof deviceId !== 'function' && !isDeviceId(deviceId)) {
    throw new GatewayError(
      'CONFIGURATION',
      'nmea: deviceId must be a function, or 1 to 128 of the characters that IoT Hub allows: no sentence says who the device is',
    )
  }
  const strange = types?.find((type) => !/^[A-Z\d]{2,}$/.test(type))
  if (strange !== undefined) {
    throw new GatewayError(
      'CONFIGURATION',
      `nmea: types must be such as RMC or VDM, without the talker, not '${strange}'`,
    )
  }
  if (!Number.isInteger(partsTimeoutMs) || partsTimeoutMs < 1) {
    throw new GatewayError('CONFIGURATION', `nmea: partsTimeoutMs must be an integer from 1, not ${partsTimeoutMs}`)
  }
}
