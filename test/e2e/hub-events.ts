import https from 'node:https'
import split2 from 'split2'

/** A message that the emulator accepted, as its event stream tells it. */
export interface HubEvent {
  readonly deviceId: string
  /** Base64. */
  readonly body: string
  readonly properties: Readonly<Record<string, string>>
  readonly systemProperties: Readonly<Record<string, string>>
}

/** Listens to `/emulator/events`; resolves once it is heard, with what stops it. */
export async function hubEvents(port: number, ca: string, tell: (event: HubEvent) => void): Promise<() => void> {
  const request = https.get({ host: 'localhost', port, ca, path: '/emulator/events' })
  await new Promise<void>((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response) => {
      response.pipe(split2()).on('data', (line: string) => {
        if (line.startsWith('data: ')) tell(JSON.parse(line.slice('data: '.length)) as HubEvent)
        else if (line.startsWith(':')) resolve()
      })
    })
  })
  return () => request.destroy()
}
