import { isIP } from 'node:net'
import { generate } from 'selfsigned'

/** A certificate and its key, both PEM. */
export interface Certificate {
  readonly certificate: string
  readonly privateKey: string
}

const dayMs = 86_400_000

/**
 * Makes a self-signed EC certificate (P-256) that is valid from yesterday for ten years.
 *
 * @param names DNS names and IP addresses (IPv6 without brackets); the first is the common name.
 */
export async function makeCertificate(names: readonly string[]): Promise<Certificate> {
  const now = Date.now()
  const pem = await generate([{ name: 'commonName', value: names[0] ?? 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    // From yesterday, so that a peer whose clock is behind still trusts it.
    notBeforeDate: new Date(now - dayMs),
    notAfterDate: new Date(now + 3650 * dayMs),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [...new Set(names)].map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  })
  return { certificate: pem.cert, privateKey: pem.private }
}
