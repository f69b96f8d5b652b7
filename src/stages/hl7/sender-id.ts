/**
 * The device id of a sender: MSH-3 and MSH-4, in characters that IoT Hub takes. No two senders share one.
 *
 * ```
 * MSH-3        MSH-4                        MSH-3 and MSH-4 with a colon between; no colon where MSH-4 is empty.
 * MONITOR-7    ICU       MONITOR-7:ICU      Letters A to Z, digits, - . and _ stand for themselves; of anything else each byte
 * GHH LAB                GHH=20LAB          of its UTF-8 is = and two hexadecimal digits.
 *              ABCHS     :ABCHS
 * ^OLIS^X500             =5EOLIS=5EX500
 * ```
 * Empty where the sender gives neither name; it may be longer than IoT Hub takes.
 */
export function senderId(application: string, facility: string): string {
  return facility === '' ? escaped(application) : `${escaped(application)}:${escaped(facility)}`
}

function escaped(name: string): string {
  return name.replace(/[^\w.-]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}
