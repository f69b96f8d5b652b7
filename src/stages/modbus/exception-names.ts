/** Exception codes of the MODBUS Application Protocol Specification V1.1b3, section 7. */
const names: Readonly<Record<number, string>> = {
  1: 'illegal function',
  2: 'illegal data address',
  3: 'illegal data value',
  4: 'server device failure',
  5: 'acknowledge',
  6: 'server device busy',
  8: 'memory parity error',
  10: 'gateway path unavailable',
  11: 'gateway target device failed to respond',
}

/** What an exception code means, in the words of the specification; `unknown` for a code that it does not have. */
export function exceptionName(code: number): string {
  return names[code] ?? 'unknown'
}

/** The exception by which a unit says that it has something else to do: the same request may succeed later. */
export const busyCode = 6
