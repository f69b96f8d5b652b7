import { bit, bits, uintBits } from '../struct/bits.ts'
import type { Gt06TerminalInfo } from './messages.ts'

/** The state byte of heartbeats and alarms. Source: Concox GT06 v1.8.1, 5.3.1.4. */
export const terminalInfo = bits({
  oil_electricity_disconnected: bit,
  gps_on: bit,
  alarm_code: uintBits(3),
  charging: bit,
  acc_on: bit,
  armed: bit,
})

/** In the words of messages, with the byte itself. */
export function terminalBody(value: Gt06TerminalInfo, byte: number): Gt06TerminalInfo {
  return { raw_hex: byte.toString(16).padStart(2, '0'), ...value }
}
