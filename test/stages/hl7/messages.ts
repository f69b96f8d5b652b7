import { textOfSegments } from '../../../src/stages/hl7/segments.ts'

/** Fields of a header by HL7's number; those that are not given are as in {@link ordinary}. */
export type HeaderFields = Readonly<Record<number, string>>

const ordinary: HeaderFields = {
  1: '|',
  2: '^~\\&',
  3: 'MONITOR-7',
  4: 'ICU',
  5: 'LAB',
  6: 'MAIN',
  7: '20260102030405',
  9: 'ORU^R01',
  10: 'M1',
  11: 'P',
  12: '2.5.1',
}

/** The fields of a header segment, MSH-1 left out. */
export function headerOf(fields: HeaderFields = {}): string[] {
  const all: HeaderFields = { ...ordinary, ...fields }
  const last = Math.max(...Object.keys(all).map(Number))
  return ['MSH', ...Array.from({ length: last - 1 }, (_, index) => all[index + 2] ?? '')]
}

/** A message of a header and other segments, in UTF-8. */
export function message(fields: HeaderFields = {}, ...segments: (readonly string[])[]): Buffer {
  return Buffer.from(textOfSegments([headerOf(fields), ...segments], fields[1] ?? '|'))
}

/** A message in its block. */
export function block(content: Buffer | string): Buffer {
  return Buffer.concat([Buffer.of(0x0b), Buffer.from(content), Buffer.of(0x1c, 0x0d)])
}

/** An observation of a patient who is none. */
export const pulse = ['OBX', '1', 'NM', '8867-4^Heart rate^LN', '', '72', '/min', '50-90', 'N', '', '', 'F']
export const patient = ['PID', '1', '', 'P-4711^^^HOSP^PI', '', 'ZEBRA^QUAGGA']
