/** A framing between two different marks, for {@link betweenReference}; all of it as hex. */
export interface BetweenReference {
  readonly start: string
  readonly end: string
  readonly trailing?: number
  readonly keep?: boolean
  readonly restart?: boolean
  readonly escapes?: readonly (readonly [wire: string, content: string])[]
  readonly lead?: string
  readonly maxLength: number
  readonly maxBody: number
}

/** What is told of a wire, read from its first byte to its last with all of it in view; as `told` has it. */
export function betweenReference(wire: string, given: BetweenReference): string[] {
  const { start, end, trailing = 0, keep = false, restart = false, escapes = [], lead, maxLength, maxBody } = given
  const events: string[] = []
  const stops = restart ? [start, end] : [end]
  const longest = Math.max(
    end.length + 2 * trailing,
    ...stops.map((each) => each.length),
    ...escapes.map(([each]) => each.length),
  )
  let noise = ''
  const tell = (event: string) => {
    if (noise !== '') events.push(`FRAME_NOISE ${noise}`)
    noise = ''
    events.push(event)
  }
  const begins = (mark: string, at: number) => wire.startsWith(mark, at)
  const undecided = (mark: string, at: number) =>
    at < wire.length && mark !== wire.slice(at) && mark.startsWith(wire.slice(at))

  /** Where the body that begins at `at` ends: at a mark, or where the wire ends before one can be told. */
  const bodyEnd = (at: number): number => {
    while (at < wire.length && !stops.some((mark) => begins(mark, at) || undecided(mark, at))) {
      const match = escapes.find(([each]) => begins(each, at))
      if (match === undefined && escapes.some(([each]) => undecided(each, at))) return at
      at += match === undefined ? 2 : match[0].length
    }
    return at
  }

  const decode = (body: string): string | undefined => {
    let content = ''
    for (let at = 0; at < body.length; ) {
      const match = escapes.find(([each]) => body.startsWith(each, at))
      if (match === undefined && lead !== undefined && body.startsWith(lead, at)) return undefined
      content += match === undefined ? body.slice(at, at + 2) : match[1]
      at += match === undefined ? 2 : match[0].length
    }
    return content
  }

  let at = 0
  let skipping = false
  while (at < wire.length) {
    if (!skipping && !begins(start, at)) {
      if (undecided(start, at)) break
      noise += wire.slice(at, at + 2)
      at += 2
      continue
    }
    const bodyAt = skipping ? at : at + start.length
    const stop = bodyEnd(bodyAt)
    const mark = stops.find((each) => begins(each, stop))
    const limit = bodyAt + 2 * maxBody + longest
    if (!skipping && stop > bodyAt + 2 * maxBody && (mark !== undefined || wire.length >= limit)) {
      tell(`FRAME_TOO_LONG ${wire.slice(at, bodyAt + 2 * maxBody + 2)}`)
      skipping = true
      at = stop
      continue
    }
    const next = stop + end.length + 2 * trailing
    if (begins(end, stop) && next <= wire.length) {
      const body = wire.slice(bodyAt, stop)
      const content = decode(body)
      const checks = wire.slice(stop + end.length, next)
      if (skipping) skipping = false
      else if (content === undefined) tell(`FRAME_DAMAGED ${wire.slice(at, next)}`)
      else if (content.length > 2 * maxLength) tell(`FRAME_TOO_LONG ${wire.slice(at, next)}`)
      else tell(keep ? start + content + end + checks : content + checks)
      at = next
    } else if (restart && begins(start, stop)) {
      if (!skipping) tell(`FRAME_DAMAGED ${wire.slice(at, stop)}`)
      skipping = false
      at = stop
    } else {
      break
    }
  }
  if (at < wire.length && !skipping) tell(`FRAME_UNTERMINATED ${wire.slice(at)}`)
  if (noise !== '') events.push(`FRAME_NOISE ${noise}`)
  return events
}
