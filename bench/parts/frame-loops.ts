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
