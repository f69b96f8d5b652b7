import { bytes } from '../struct/blob.ts'
import { u8, u16, u32 } from '../struct/integers.ts'
import { rest } from '../struct/size.ts'
import { sized } from '../struct/sized.ts'
import { struct } from '../struct/struct.ts'
import { text } from '../struct/text.ts'
import { extraBytes, extraHex, type Gt06Layout, type LayoutParts, layout } from './layout.ts'
import type { Gt06Command, Gt06CommandResponse } from './messages.ts'

// Latin-1 takes every byte, and ASCII, which is what the vendor means, is a part of it.
const said = sized(u8, struct('said', { server_flag: u32, text: text(rest, { encoding: 'latin1' }) }))

/** Bytes up to the end of the text, by its length; more than there can be where that is too short for the flag. */
function saidBytes(content: Buffer): number {
  const length = content[0] ?? 0
  return length < 4 ? Number.POSITIVE_INFINITY : 1 + length
}

type Said = { said: { server_flag: number; text: string } }

const plain = struct('command', { said, extra: bytes(rest) })
const withLanguage = struct('command', { said, language: u16, extra: bytes(rest) })

function plainOf<B extends Gt06Command | Gt06CommandResponse>(
  kind: B['kind'],
  types: readonly number[],
): LayoutParts<Said & { extra: Buffer }, B> {
  return {
    kind,
    types,
    of: plain,
    fits: (content) => content.length >= saidBytes(content),
    body: ({ said, extra }) => ({ kind, ...said, language: null, ...extraHex(extra) }) as B,
    says: ({ language }) => language === null || language === undefined,
    value: (body) => ({ said: { server_flag: body.server_flag, text: body.text }, extra: extraBytes(body) }),
  }
}

function withLanguageOf<B extends Gt06Command | Gt06CommandResponse>(
  kind: B['kind'],
  types: readonly number[],
): LayoutParts<Said & { language: number; extra: Buffer }, B> {
  return {
    kind,
    types,
    of: withLanguage,
    fits: (content) => content.length >= saidBytes(content) + 2,
    body: ({ said, language, extra }) => ({ kind, ...said, language, ...extraHex(extra) }) as B,
    says: ({ language }) => typeof language === 'number',
    value: (body) => ({
      said: { server_flag: body.server_flag, text: body.text },
      language: body.language as number,
      extra: extraBytes(body),
    }),
  }
}

const utf16 = 2

const longReply = layout({
  kind: 'command_response',
  types: [0x21],
  of: struct('reply', { server_flag: u32, encoding: u8, characters: bytes(rest) }),
  fits: (content) => content.length >= 5,
  body: ({ server_flag, encoding, characters }): Gt06CommandResponse => ({
    kind: 'command_response',
    server_flag,
    encoding,
    ...textBody(characters, encoding),
  }),
  says: ({ encoding }) => encoding !== undefined,
  value: (body) => ({
    server_flag: body.server_flag,
    encoding: body.encoding as number,
    characters: Buffer.concat([textBytes(body.text, body.encoding), extraBytes(body)]),
  }),
})

/**
 * Commands and what terminals say to them.
 *
 * ```
 * 80, 15   0F     │ 00 01 A9 58 │ 44 59 44 2C 30 30 30 30 30 30 23 │ 00 02
 *          length   flag          text                               language, may be missing
 *          of both
 * 21       00 01 A9 58 │ 01            │ text to the end
 *          flag          1 ASCII,
 *                        2 UTF-16BE
 * ```
 * Source: Concox GT06 v1.8.1, 6 and appendix B; JM-VL03 V1.1.2, 7.
 */
export const commandLayouts: readonly Gt06Layout[] = [
  layout(withLanguageOf<Gt06Command>('command', [0x80])),
  layout(plainOf<Gt06Command>('command', [0x80])),
  layout(withLanguageOf<Gt06CommandResponse>('command_response', [0x15])),
  layout(plainOf<Gt06CommandResponse>('command_response', [0x15])),
  longReply,
]

function textBody(bytes: Buffer, encoding: number): { text: string; extra_hex?: string } {
  if (encoding !== utf16) return { text: bytes.toString('latin1') }
  const even = bytes.length - (bytes.length % 2)
  const text = Buffer.from(bytes.subarray(0, even)).swap16().toString('utf16le')
  return { text, ...extraHex(bytes.subarray(even)) }
}

function textBytes(text: string, encoding: number | undefined): Buffer {
  return encoding === utf16 ? Buffer.from(text, 'utf16le').swap16() : Buffer.from(text, 'latin1')
}
