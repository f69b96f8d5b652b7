import type { Outcome } from '../../core/items.ts'
import { componentsOf, fieldOf, type Hl7Header } from './header.ts'
import { textOfSegments } from './segments.ts'
import { hl7Time } from './time.ts'

/** MSA-1 in original mode: accept, error (send it again), reject (never send it again). */
export type ApplicationCode = 'AA' | 'AE' | 'AR'

/** MSA-1 of an accept acknowledgement in enhanced mode, as {@link ApplicationCode}. */
export type AcceptCode = 'CA' | 'CE' | 'CR'

const lastLetters = { complete: 'A', abandon: 'E', reject: 'R' } as const

/**
 * Which acknowledgement a message gets, if any.
 *
 * ```
 * mode       MSH-15   MSH-16    complete   abandon   reject
 * original   any      any       AA         AE        AR
 * enhanced   empty    empty     AA         AE        AR
 *            AL       any       CA         CE        CR
 *            ER                 -          CE        CR        where MSH-15 wants none, MSH-16 is asked alike, for AA, AE, AR:
 *            SU                 CA         -         -         so NE|AL gives AA, AE, AR, and NE|NE nothing
 *            NE                 -          -         -
 * ```
 */
export function codeOf(
  header: Hl7Header,
  outcome: Outcome,
  mode: 'original' | 'enhanced',
): ApplicationCode | AcceptCode | undefined {
  const accept = fieldOf(header, 15)
  const application = fieldOf(header, 16)
  if (mode === 'original' || (accept === '' && application === '')) return `A${lastLetters[outcome]}`
  if (isWanted(accept, outcome)) return `C${lastLetters[outcome]}`
  return isWanted(application, outcome) ? `A${lastLetters[outcome]}` : undefined
}

function isWanted(condition: string, outcome: Outcome): boolean {
  if (condition === 'AL') return true
  return condition === (outcome === 'complete' ? 'SU' : 'ER')
}

/** What {@link acknowledgement} says. */
export interface Acknowledgement {
  readonly code: ApplicationCode | AcceptCode
  /** MSA-3, of at most 80 characters; longer ones are cut. */
  readonly text?: string | undefined
  /** MSH-10 of the acknowledgement itself. */
  readonly controlId: string
  readonly time: Date
}

/**
 * The message that acknowledges another, in that one's own delimiters (HL7 2.5, 2.9.2): applications and facilities change sides, MSH-11
 * and MSH-12 are copied, MSA-2 is MSH-10 of the other. `to` has a character a byte, so that what is copied is so byte for byte.
 *
 * ```
 * MSH|^~\&|RECEIVER|BLDG4|SENDER|ELAB-3|20260101000000||ACK^R01^ACK|own id|P|2.4 CR
 * MSA|AA|id of the other CR                                      MSH-7 in UTC; MSA|AR|id|why CR
 * ```
 */
export function acknowledgement(to: Hl7Header, { code, text, controlId, time }: Acknowledgement): Buffer {
  const { fieldSeparator, encodingCharacters } = to
  const copied = (number: number) => withoutMarks(fieldOf(to, number))
  const [component = '^'] = encodingCharacters
  const [, trigger = ''] = componentsOf(to, copied(9))
  const header = [
    'MSH',
    withoutMarks(encodingCharacters).slice(0, 5) || '^~\\&',
    copied(5),
    copied(6),
    copied(3),
    copied(4),
    hl7Time(time),
    '',
    trigger === '' ? 'ACK' : ['ACK', trigger, 'ACK'].join(component),
    controlId,
    copied(11),
    copied(12),
  ]
  const msa = ['MSA', code, copied(10), ...(text === undefined ? [] : [plainText(text, to)])]
  const segments = [[...header, ...charsetOf(to, header)], msa]
  return Buffer.from(textOfSegments(segments, fieldSeparator), 'latin1')
}

/** What copied bytes mean must be said where they are not ASCII: MSH-18, with the fields before it empty. */
function charsetOf(to: Hl7Header, header: readonly string[]): string[] {
  const named = withoutMarks(fieldOf(to, 18))
  const isAscii = header.every((field) => !/[\x80-\xff]/.test(field))
  return named === '' || isAscii ? [] : ['', '', '', '', '', named]
}

/** Neither block characters nor ends of segments: with 1C at the end of its MSH-10 a sender could end our block for us. */
function withoutMarks(field: string): string {
  return ['\x0b', '\x1c', '\r', '\n'].reduce((text, mark) => text.replaceAll(mark, ' '), field)
}

/** Text that holds none of the message's delimiters, and nothing but ASCII. */
function plainText(text: string, { fieldSeparator, encodingCharacters }: Hl7Header): string {
  return [...text.slice(0, 80)]
    .map((character) => {
      const isFree = /[ -~]/.test(character) && character !== fieldSeparator && !encodingCharacters.includes(character)
      return isFree ? character : ' '
    })
    .join('')
}
