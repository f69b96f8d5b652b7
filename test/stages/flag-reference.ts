/** What {@link flagReference} knows of a framing by a single flag. */
export interface FlagReference {
  readonly flag: number
  /** True: the first frame needs no flag in front of it. */
  readonly begun: boolean
  readonly maxLength: number
  readonly maxBody: number
  /** The frame that a body is; undefined where it is damaged. */
  decode(body: readonly number[]): readonly number[] | undefined
}

/** What a framing by flags tells of a wire, by splitting it at its flags; as `told` has it. */
export function flagReference(wire: Buffer, { flag, begun, maxLength, maxBody, decode }: FlagReference): string[] {
  const parts: number[][] = [[]]
  for (const byte of wire) {
    if (byte === flag) parts.push([])
    else parts.at(-1)?.push(byte)
  }
  const events: string[] = []
  for (const [index, body] of parts.entries()) {
    if (body.length === 0) continue
    const last = index === parts.length - 1
    if (index === 0 && !begun) {
      events.push(`FRAME_NOISE ${hex(body)}`)
      continue
    }
    const own = index > 0 && (parts[index - 1]?.length === 0 || (index === 1 && !begun))
    const lead = own ? [flag] : []
    if (body.length > maxBody) {
      events.push(`FRAME_TOO_LONG ${hex([...lead, ...body.slice(0, maxBody + 1)])}`)
    } else if (last) {
      events.push(`FRAME_UNTERMINATED ${hex([...lead, ...body])}`)
    } else {
      const frame = decode(body)
      const code = frame === undefined ? 'FRAME_DAMAGED' : 'FRAME_TOO_LONG'
      const good = frame !== undefined && frame.length <= maxLength
      events.push(good ? hex(frame) : `${code} ${hex([...lead, ...body, flag])}`)
    }
  }
  return events
}

/** Takes escapes of one byte behind `lead` out of a body, byte by byte. */
export function unescaped(
  body: readonly number[],
  lead: number,
  codes: ReadonlyMap<number, number>,
): number[] | undefined {
  const frame: number[] = []
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] as number
    const meant = byte === lead ? codes.get(body[++at] ?? -1) : byte
    if (meant === undefined) return undefined
    frame.push(meant)
  }
  return frame
}

function hex(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString('hex')
}
