import type { SubPackageOptions } from './sub-package-desk.ts'
import type { Tokens } from './tokens.ts'

/** Options of the codec of JT/T 808. */
export interface Jt808CodecOptions {
  /**
   * `token` (default): a terminal registers (0x0100), is given a code, and authenticates itself by it (0x0102); before that nothing else
   * is answered or passed. `none`: the id in the header of its first message is believed; registering, and any code, is answered with 0.
   */
  readonly authentication?: 'token' | 'none'
  /** What codes terminals are given, and which are right; default `terminalIdTokens`. Where `authentication` is `none`, only what to give. */
  readonly tokens?: Tokens
  /** Also puts what only frames a message into its body: header form, length, check, escapes; default false. */
  readonly envelope?: boolean
  /** Sends heartbeats (0x0002) up as telemetry too; default false: they carry nothing. */
  readonly heartbeats?: boolean
  /** Locations that come together (0x0704) go up each by itself (`split`, default) or as they came (`pack`). */
  readonly batches?: 'split' | 'pack'
  /** Encrypted messages: `refuse` (default) answers 3; `pass` sends them up as they are, `body_hex`, for whoever has the key. */
  readonly encrypted?: 'refuse' | 'pass'
  /**
   * What another terminal says on a connection: `refuse` (default), or `pass` in the name of the connection's device, but its parts of
   * messages are not joined. Counted as `IDENTITY_CHANGED` either way.
   */
  readonly otherTerminals?: 'refuse' | 'pass'
  /** Bounds of messages that come in parts. */
  readonly subPackages?: SubPackageOptions
}
