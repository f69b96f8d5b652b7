import { unfinishedOf } from '../../src/core/deframer.ts'
import { type Framing, framing } from '../../src/core/framing.ts'

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

/** A buffer that counts what is read of it by index, and what searches pass over. */
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
          touched.read += Math.max(0, (at < 0 ? target.length : at + 1) - from)
          return at
        }
      }
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** As {@link watched}; what is taken of it counts as read too, since others may look at all of that unseen. */
function watchedWindow(window: Buffer, touched: Touched): Buffer {
  const watching = watched(window, touched)
  return new Proxy(window, {
    get(target, key) {
      if (key !== 'subarray' && key !== 'toString' && key !== 'copy') return Reflect.get(watching, key)
      return (...args: unknown[]) => {
        const [from = 0, to = target.length] = (key === 'subarray' ? args : args.slice(-2)).map(Number)
        touched.read += Math.max(0, Math.min(to, target.length) - from)
        return (target[key] as (...given: unknown[]) => unknown)(...args)
      }
    },
  })
}

/** The same framing, whose finder's looks at its window are counted, whatever buffer that is of. */
export function countLooks(of: Framing, touched: Touched): Framing {
  return framing(of.name, {
    maxBytes: of.maxBytes,
    finder() {
      const finder = of.finder()
      return {
        find: (window, from) => finder.find(watchedWindow(window, touched), from),
        unfinished: (rest) => unfinishedOf(finder, rest),
      }
    },
    frame: (frame) => of.frame(frame),
  })
}
