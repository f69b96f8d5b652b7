import type { RegistrationRule } from './modbus-options.ts'
import { type PacketPattern, packet, packetDigits, packetTail } from './packet.ts'

/**
 * Registration packets as DTUs send them out of the box, or as their manuals propose.
 *
 * ```
 * 4C4F47494E3A 31303031                                    "LOGIN:1001"         id 1001
 * 333535383337303839353132333433 00010203                  IMEI and tail        HF2411: AT+NREGDT=A,%IMEI%00%01%02%03
 * 3839… (20 digits)                                        ICCID                USR, HF
 * 333535383337303839353132333433                           IMEI                 USR, HF, Ebyte
 * ```
 */
export const commonRegistrations: readonly RegistrationRule[] = [
  { packet: packet('LOGIN:', packetDigits('id', 1, 12)), about: 'LOGIN:, then digits' },
  {
    packet: packet(packetDigits('imei', 15), packetTail('tail_hex', Buffer.of(0, 1, 2, 3))),
    about: '15 ASCII digits, then a fixed tail',
  },
  { packet: packet(packetDigits('iccid', 20)), about: '20 ASCII digits' },
  { packet: packet(packetDigits('imei', 15)), about: '15 ASCII digits' },
]

/** Heartbeat packets as DTUs send them out of the box: `www.usr.cn` (USR), `LOG` (USR, manual), `ping` (iRTU), a byte FF. */
export const commonHeartbeats: readonly PacketPattern[] = [
  packet('www.usr.cn'),
  packet('LOG'),
  packet('ping'),
  packet(Buffer.of(0xff)),
]
