import type { Heard, NumberedSpeech, Origin } from './numbered-speech.ts'

/** Options of {@link jsonLinesSpeech}. */
export interface JsonLinesSpeechOptions {
  /** The device's base64 key; without it hellos carry none. */
  readonly keyOf?: (deviceId: string) => string | undefined
}

/** Numbered readings in the lines of `jsonLines`: `{"$seq":7,"device":"d1","number":7}`. */
export function jsonLinesSpeech(options: JsonLinesSpeechOptions = {}): NumberedSpeech {
  return {
    hello(deviceId) {
      const key = options.keyOf?.(deviceId)
      return line({ $hello: { deviceId, ...(key !== undefined && { key }) } })
    },
    reading: (device, number) => line({ $seq: number, device, number }),
    answer: ($answer, outcome) => line({ $answer, outcome }),
    listen,
    originOf,
  }
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`
}

function listen(): (bytes: Buffer) => Iterable<Heard> {
  let begun = Buffer.alloc(0)
  return function* (bytes) {
    begun = Buffer.concat([begun, bytes])
    for (let end = begun.indexOf(0x0a); end >= 0; end = begun.indexOf(0x0a)) {
      const heard = hear(JSON.parse(begun.subarray(0, end).toString()))
      begun = begun.subarray(end + 1)
      if (heard !== undefined) yield heard
    }
  }
}

/** What a line means; undefined for one that no oracle needs, such as the answer to a ping. */
function hear(said: Record<string, unknown>): Heard | undefined {
  if ('$welcome' in said) return { said: 'welcome' }
  if ('$error' in said) return { said: 'refused' }
  if ('$ack' in said) return { said: 'receipt', number: said.$ack as number, outcome: 'complete' }
  if ('$nack' in said)
    return { said: 'receipt', number: said.$nack as number, outcome: said.retry === true ? 'abandon' : 'reject' }
  if ('$command' in said) return { said: 'command', id: (said.$command as { id: string }).id }
  return undefined
}

function originOf(body: Uint8Array): Origin | undefined {
  try {
    const { device, number } = JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>
    return typeof device === 'string' && Number.isSafeInteger(number)
      ? { deviceId: device, number: number as number }
      : undefined
  } catch {
    // Not JSON: none of these readings, which the oracle counts.
    return undefined
  }
}
