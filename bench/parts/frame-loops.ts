/** Takes chunks and gives frames, without stages, limits or errors: the reference of the framings. */
export type FrameLoop = (chunk: Buffer) => void

/** Two bytes of length, then so many. */
export function lengthLoop(frame: (bytes: Buffer) => void): FrameLoop {
  let rest: Buffer | undefined
  return (chunk) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    while (bytes.length - at >= 2) {
      const end = at + 2 + bytes.readUInt16BE(at)
      if (end > bytes.length) break
      frame(bytes.subarray(at + 2, end))
      at = end
    }
    rest = at === bytes.length ? undefined : bytes.subarray(at)
  }
}

/** Everything up to a byte. */
export function delimiterLoop(delimiter: number, frame: (bytes: Buffer) => void): FrameLoop {
  let rest: Buffer | undefined
  return (chunk) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    for (let end = bytes.indexOf(delimiter); end >= 0; end = bytes.indexOf(delimiter, at)) {
      frame(bytes.subarray(at, end))
      at = end + 1
    }
    rest = at === bytes.length ? undefined : bytes.subarray(at)
  }
}

/** As {@link lengthLoop}, but frames are passed over rather than cut out: `found` hears how many ended in a chunk, where any did. */
export function frameCount(found: (frames: number) => void): FrameLoop {
  /** Bytes of the frame begun that have not come. */
  let missing = 0
  /** The first byte of a length, where the second has not come. */
  let high: number | undefined
  return (chunk) => {
    let frames = 0
    let at = 0
    while (at < chunk.length) {
      if (missing === 0 && high === undefined && chunk.length - at === 1) {
        high = chunk[at++] as number
      } else if (missing === 0) {
        const first = high ?? (chunk[at++] as number)
        missing = first * 256 + (chunk[at++] as number)
        high = undefined
        if (missing === 0) frames++
      } else {
        const taken = Math.min(missing, chunk.length - at)
        missing -= taken
        at += taken
        if (missing === 0) frames++
      }
    }
    if (frames > 0) found(frames)
  }
}
