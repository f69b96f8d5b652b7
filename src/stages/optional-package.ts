import { createRequire } from 'node:module'
import { GatewayError } from '../core/errors.ts'

const require = createRequire(import.meta.url)

/**
 * Loads a package that only those install who use it, such as `cbor-x` or `csv-parse/sync`; called when the option that needs
 * it is used, not when headgate is imported. `user` is that option, for the error: `CONFIGURATION` where the package is absent.
 */
export function optionalPackage<T>(path: string, user: string): T {
  try {
    return require(path) as T
  } catch (cause) {
    // Something else that is missing is the package's own trouble.
    const { code, message } = cause as NodeJS.ErrnoException
    if (code !== 'MODULE_NOT_FOUND' || !message.includes(`'${path}'`)) throw cause
    const name = path.startsWith('@') ? path.split('/').slice(0, 2).join('/') : path.split('/')[0]
    throw new GatewayError('CONFIGURATION', `${user} needs a package that is not there: npm install ${name}`, { cause })
  }
}
