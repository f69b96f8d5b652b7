import { createHash } from 'node:crypto'
import { GatewayError } from '../core/errors.ts'
import type { Properties, Telemetry } from '../core/items.ts'
import { billableBlockBytes, billableBlocks, billableBytes } from '../core/message-size.ts'

/** Options of {@link jsonArray}, {@link newlineJoined} and {@link packing}. */
export interface PackingOptions {
  /** 4 KB quota meters that a packed message may cost, 1 to 63; default 1. A reading that alone costs more goes alone. */
  readonly maxMeters?: number
}

/** How several readings of a device become the body of one message. */
export interface Packing {
  readonly maxMeters: number
  /** False for a reading that cannot stand beside others; it is then sent as it is. */
  accepts(reading: Telemetry): boolean
  /** The body of one message that holds these readings, one or more, in their order. A pure function. */
  join(bodies: readonly Buffer[]): Buffer
  /** Content type of such a message; undefined keeps that of its readings. */
  readonly contentType: string | undefined
}

/** Makes a {@link Packing} of a function of your own. `contentType` is that of what `join` makes. */
export function packing(
  join: Packing['join'],
  options: PackingOptions & Partial<Pick<Packing, 'accepts' | 'contentType'>> = {},
): Packing {
  const { maxMeters = 1, accepts = () => true, contentType } = options
  // 63 meters are 252 KB: the largest message that the hub takes.
  if (!Number.isInteger(maxMeters) || maxMeters < 1 || maxMeters > 63) {
    throw new GatewayError('CONFIGURATION', `packing: maxMeters must be an integer from 1 to 63, not ${maxMeters}`)
  }
  return { maxMeters, accepts, join, contentType }
}

const comma = Buffer.from(',')
const newline = Buffer.from('\n')

/**
 * Readings as the elements of one JSON array, `[{"t":20},{"t":21}]`, byte for byte; always an array, of a single reading too. Only what says
 * that it is JSON by its content type is packed, anything else is sent as it is.
 */
export function jsonArray(options: PackingOptions = {}): Packing {
  const accepts = ({ contentType }: Telemetry) => /^application\/(?:[\w.-]+\+)?json\b/i.test(contentType ?? '')
  const join = (bodies: readonly Buffer[]) =>
    Buffer.concat([Buffer.from('['), ...between(comma, bodies), Buffer.from(']')])
  return packing(join, { ...options, accepts })
}

/** Readings one a line, `\n` between them: NDJSON where they are JSON, lines where they are text. A reading that holds a `\n` goes alone. */
export function newlineJoined(options: PackingOptions = {}): Packing {
  const accepts = ({ body }: Telemetry) => !body.includes(newline)
  return packing((bodies) => Buffer.concat([...between(newline, bodies)]), { ...options, accepts })
}

function* between(separator: Buffer, bodies: readonly Buffer[]): Generator<Buffer> {
  for (let index = 0; index < bodies.length; index++) {
    if (index > 0) yield separator
    yield bodies[index] as Buffer
  }
}

/** A message with the readings that it was made of. */
export interface Pack {
  readonly message: Telemetry
  readonly readings: readonly Telemetry[]
}

/**
 * Packs neighbouring readings, in their order, into as few messages as `how` allows. Called by `batch` with readings that it collected. A
 * message holds readings with the same properties, content encoding and correlation id only; its message id is a digest of theirs, where all
 * have one, and its creation time that of the first.
 */
export function packReadings(readings: readonly Telemetry[], how: Packing): Pack[] {
  const packs: Pack[] = []
  let together: Telemetry[] = []
  const close = () => {
    if (together.length > 0) packs.push(...joined(together, how))
    together = []
  }
  let bytes = 0
  for (const reading of readings) {
    if (!how.accepts(reading)) {
      close()
      packs.push({ message: reading, readings: [reading] })
      continue
    }
    const first = together[0]
    // What joining adds is not known here; what became too large by that is halved.
    const full = bytes + reading.body.length + 1 > how.maxMeters * billableBlockBytes
    if (first !== undefined && (full || !isAlike(first, reading))) close()
    if (together.length === 0) bytes = fixedBytes(reading)
    together.push(reading)
    bytes += reading.body.length + 1
  }
  close()
  return packs
}

/** Characters of a packed message's id. */
const idLength = 32

/** What a message of such readings costs beside their bodies. */
function fixedBytes(reading: Telemetry): number {
  const { body, messageId = '' } = reading
  return billableBytes(reading) - body.length - Buffer.byteLength(messageId) + idLength
}

function joined(readings: readonly Telemetry[], how: Packing): Pack[] {
  const first = readings[0] as Telemetry
  const body: unknown = how.join(readings.map(({ body }) => body))
  if (!Buffer.isBuffer(body)) throw new GatewayError('BUG', `packing: join must give a Buffer, not ${typeof body}`)
  const message: Telemetry = {
    ...first,
    body,
    messageId: readings.length === 1 ? first.messageId : digestOf(readings),
    contentType: how.contentType ?? first.contentType,
    tag: undefined,
  }
  if (readings.length === 1 || billableBlocks(message) <= how.maxMeters) return [{ message, readings }]
  const middle = Math.ceil(readings.length / 2)
  return [...joined(readings.slice(0, middle), how), ...joined(readings.slice(middle), how)]
}

/** The same readings packed again have the same id; undefined where one of them has none. */
function digestOf(readings: readonly Telemetry[]): string | undefined {
  const hash = createHash('sha256')
  for (const { messageId } of readings) {
    if (messageId === undefined) return undefined
    hash.update(`${messageId.length}:${messageId}`)
  }
  return hash.digest('hex').slice(0, idLength)
}

function isAlike(one: Telemetry, other: Telemetry): boolean {
  return (
    one.contentType === other.contentType &&
    one.contentEncoding === other.contentEncoding &&
    one.correlationId === other.correlationId &&
    sameProperties(one.properties, other.properties)
  )
}

function sameProperties(one: Properties, other: Properties): boolean {
  if (one === other) return true
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every((name) => other[name] === one[name])
}
