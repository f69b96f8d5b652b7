import type { Connection } from './connection.ts'
import { errorTable, type GatewayError, type Verdict } from './errors.ts'

/**
 * Decides what an error leads to. The ring calls it once for every error; it must not throw. Retrying is no verdict:
 * that wraps the hub.
 */
export type Policy = (error: GatewayError, connection: Connection) => Verdict

/**
 * The default policy, read from the table of codes: lost framing and bad credentials close, bad content is dead-lettered,
 * what the hub refuses for ever is dead-lettered and rejected, what it refuses for now is abandoned, a bug closes.
 */
export const defaultPolicy: Policy = (error) => errorTable[error.code].verdict
