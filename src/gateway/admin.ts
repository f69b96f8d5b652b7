import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Exposition } from './metrics.ts'

/** What the admin endpoint asks of its gateway. */
export interface AdminSubject {
  readonly metrics: Exposition
  /** Why no more devices should be sent here; undefined when ready. */
  unready(): string | undefined | Promise<string | undefined>
}

/** The listening admin endpoint. */
export interface Admin {
  readonly address: AddressInfo
  /** Lets the process end although the endpoint still listens. */
  unref(): void
  close(): Promise<void>
}

/**
 * Serves `/metrics` (Prometheus), `/healthz` (200 while the process lives), `/readyz` (503 with the reason while draining or
 * saturated) and `/`, an index. Binds loopback unless told otherwise: nothing here asks who is reading.
 */
export async function startAdmin(subject: AdminSubject, port: number, host = '127.0.0.1'): Promise<Admin> {
  const server = createServer((request, response) => {
    // Not parsed as a URL: what is none would throw here.
    const [path] = (request.url ?? '/').split('?')
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405, 'only GET is served here\n')
    else if (path === '/metrics') void exposeMetrics(subject.metrics, response)
    else if (path === '/healthz') answer(response, 200, 'ok\n')
    else if (path === '/readyz') void answerReady(subject, response)
    else if (path === '/') answer(response, 200, index, 'text/html; charset=utf-8')
    else answer(response, 404, 'not found\n')
  })
  await listening(server, port, host)
  return {
    address: server.address() as AddressInfo,
    unref: () => server.unref(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const index = `<!doctype html>
<meta charset="utf-8">
<title>Headgate</title>
<h1>Headgate</h1>
<ul>
<li><a href="/metrics">/metrics</a>: for Prometheus
<li><a href="/healthz">/healthz</a>: the process lives
<li><a href="/readyz">/readyz</a>: devices are welcome
</ul>
`

async function exposeMetrics(metrics: Exposition, response: ServerResponse): Promise<void> {
  try {
    const { contentType, text } = await metrics.expose()
    answer(response, 200, text, contentType)
  } catch (error) {
    answer(response, 500, `${(error as Error).message}\n`)
  }
}

async function answerReady(subject: AdminSubject, response: ServerResponse): Promise<void> {
  const reason = await subject.unready()
  if (reason === undefined) answer(response, 200, 'ready\n')
  else answer(response, 503, `${reason}\n`)
}

function answer(
  response: ServerResponse,
  status: number,
  body: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
}
