/** How often the bytes of a chunk were looked at and copied. */
export interface Touched {
  /** Single reads by index, and bytes that `indexOf` passed over. */
  read: number
  /** Bytes copied by `copy` or `Buffer.concat`. */
  copied: number
}

/**
 * Runs `work` and counts what it does to the bytes that it gets: chunks come to it through `watch`, which counts reads by index
 * and searches; copies are counted wherever they are made.
 */
export function countTouched(work: (watch: (chunk: Buffer) => Buffer) => void): Touched {
  const touched: Touched = { read: 0, copied: 0 }
  const concat = Buffer.concat
  const copy = Buffer.prototype.copy
  Buffer.concat = (list, length) => {
    const joined = concat(list, length)
    touched.copied += joined.length
    return joined
  }
  Buffer.prototype.copy = function (...args: Parameters<typeof copy>) {
    const copied = copy.apply(this, args)
    touched.copied += copied
    return copied
  }
  try {
    work((chunk) => watched(chunk, touched))
  } finally {
    Buffer.concat = concat
    Buffer.prototype.copy = copy
  }
  return touched
}

function watched(chunk: Buffer, touched: Touched): Buffer {
  return new Proxy(chunk, {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) {
        touched.read++
        return target[Number(key)]
      }
      if (key === 'indexOf') {
        return (value: number | Buffer, from = 0) => {
          const at = target.indexOf(value, from)
          touched.read += (at < 0 ? target.length : at + 1) - from
          return at
        }
      }
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
