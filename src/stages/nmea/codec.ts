import type { Connection } from '../../core/connection.ts'
import { GatewayError } from '../../core/errors.ts'
import { hello } from '../../core/items.ts'
import type { Frames, Messages } from '../../core/levels.ts'
import { type EndingStep, type Outlet, type Stage, stage } from '../../core/stage.ts'
import { isDeviceId } from '../hub-names.ts'
import { AisParts } from './ais-parts.ts'
import { checkNmeaOptions, type NmeaCodecOptions } from './options.ts'
import { aisReading, joinedReading, partOf, sentenceReading, tagsOf } from './readings.ts'
import { isAis, readSentence, type Sentence } from './sentence.ts'

type Out = Outlet<Messages['up'], Frames['down']>

/**
 * The codec of NMEA 0183: a frame is a line without its end. Sentences and AIS messages become messages of the hub, those of several parts
 * when the last of them has come; in front of the first goes a hello in the name that the option `deviceId` gives. Nothing is
 * answered, whatever becomes of them: the protocol has no words for it.
 *
 * Errors: `BAD_CONTENT` for what is no sentence or is cut short by another one (which is taken), has a field that cannot be, or parts
 * whose others never came or that do not follow those before them; `CHECKSUM_MISMATCH`; `BAD_HELLO` for an id that IoT Hub does not
 * take, `NOT_IDENTIFIED` as long as the option gives none; down, `NOT_SUPPORTED` for every command. `CONFIGURATION`.
 */
export function nmeaCodec(options: NmeaCodecOptions): Stage<Frames, Messages> {
  checkNmeaOptions(options)
  return stage<Frames, Messages>('nmea', (connection) => ({
    up: new NmeaUp(options, connection),
    down(item) {
      if (item.kind === 'command') throw new GatewayError('NOT_SUPPORTED', 'NMEA 0183 has no commands')
    },
  }))
}

class NmeaUp implements EndingStep<Buffer, Messages['up'], Buffer> {
  readonly #options: NmeaCodecOptions
  readonly #connection: Connection
  readonly #parts: AisParts
  #out: Out | undefined
  #introduced = false

  constructor(options: NmeaCodecOptions, connection: Connection) {
    this.#options = options
    this.#connection = connection
    const { partsTimeoutMs = 60_000, clock = () => performance.now() } = options
    this.#parts = new AisParts(partsTimeoutMs, clock, (error, lines) => this.#out?.fail(error, lines))
  }

  push(line: Buffer, out: Out): void {
    this.#out = out
    this.#parts.expire()
    if (line.length > 0) this.#takeLine(line, out)
    this.#out = undefined
  }

  end(out: Out): void {
    this.#out = out
    this.#parts.end()
    this.#out = undefined
  }

  /** What another sentence cuts short is refused, that other one is not touched. */
  #takeLine(line: Buffer, out: Out): void {
    const text = line.toString('latin1')
    const whole = this.#read(text)
    // What looks like the beginning of another sentence may be in a text, which only a checksum over all of it can show.
    const begin = 'sentence' in whole && whole.sentence.checksum !== undefined ? 0 : cutShort(text)
    if (begin > 0) {
      const message = `a sentence was cut short: after ${begin} bytes of it another one begins`
      out.fail(new GatewayError('BAD_CONTENT', message), line.subarray(0, begin))
      this.#take(readSentence(text.slice(begin), this.#options), line.subarray(begin), out)
      return
    }
    if ('refusal' in whole) throw whole.refusal
    this.#take(whole.sentence, line, out)
  }

  #read(text: string): { readonly sentence: Sentence } | { readonly refusal: unknown } {
    try {
      return { sentence: readSentence(text, this.#options) }
    } catch (refusal) {
      return { refusal }
    }
  }

  #take(sentence: Sentence, line: Buffer, out: Out): void {
    const { types, envelope = false } = this.#options
    if (types !== undefined && !types.includes(sentence.type)) return
    if (!isAis(sentence)) {
      this.#emit(sentenceReading(sentence, line, envelope), sentence, out)
      return
    }
    const part = partOf(sentence, line)
    if (part.total === 1) {
      this.#emit(aisReading(sentence, part, line, envelope), sentence, out)
      return
    }
    // It may wait for a minute: without a copy all that was read with it would.
    const joined = this.#parts.add({ ...part, line: Buffer.from(line) })
    if (joined === undefined) return
    // The source may stand in front of another part than the one that came last.
    this.#emit(joinedReading(sentence, part, joined), { ...sentence, tags: tagsOf(joined.tagBlocks) }, out)
  }

  #emit(item: Messages['up'], sentence: Sentence, out: Out): void {
    this.#introduce(sentence, out)
    out.emit(item)
  }

  /** Emits the hello, once. Before there is a name, what comes is refused by `authenticate`. */
  #introduce(sentence: Sentence, out: Out): void {
    if (this.#introduced || this.#connection.identity !== undefined) return
    const id = this.#nameOf(sentence)
    if (id === undefined) return
    if (!isDeviceId(id))
      throw new GatewayError('BAD_HELLO', 'the option deviceId gives an id that IoT Hub does not take')
    this.#introduced = true
    out.emit(hello({ deviceId: id }))
  }

  #nameOf(sentence: Sentence): string | undefined {
    const { deviceId } = this.#options
    if (typeof deviceId === 'string') return deviceId
    try {
      return deviceId(sentence, this.#connection)
    } catch (cause) {
      throw new GatewayError('BAD_CONTENT', 'the option deviceId throws', { cause })
    }
  }
}

/** The beginning of a sentence: tag blocks, whole or not, and what follows them. */
const begun = /^(?:\\[^\\$!]*\\)*(?:[$!](?:[A-Z\d][^$!]*)?|\\[^\\$!]*)$/

/** The start of a sentence and its address. Without the address `!` may be a character of a text. */
const start = /[$!](?:P[A-Z\d]{2,}|[A-Z\d]{5})[,*]/g

/** Where a second sentence begins in a line, its tag blocks included, whose first one has begun and not ended; else 0. */
function cutShort(text: string): number {
  const at = [...text.matchAll(start)].at(-1)?.index ?? 0
  const begin = beforeTags(text, at)
  return begin > 0 && begun.test(text.slice(0, begin)) ? begin : 0
}

/** Where the tag blocks begin that end at `at`. From the end, since an expression would try it from each backslash. */
function beforeTags(text: string, at: number): number {
  let begin = at
  while (begin > 1 && text[begin - 1] === '\\') {
    const opening = text.lastIndexOf('\\', begin - 2)
    if (opening < 0) return begin
    begin = opening
  }
  return begin
}
