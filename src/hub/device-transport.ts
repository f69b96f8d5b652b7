import type { AuthenticationProvider, Message } from 'azure-iot-common'
import deviceHttp from 'azure-iot-device-http'
import type { Http as HttpTransport } from 'azure-iot-device-http/dist/http.js'
import type { DeviceRequests } from './device-requests.ts'

// The package's own types call its export a namespace; it is the class.
const Http = deviceHttp.Http as unknown as typeof HttpTransport

/** The SDK's HTTP transport over our request base, polled when we ask instead of by its own interval. */
export class DeviceTransport extends Http {
  readonly #requests: DeviceRequests

  constructor(credentials: AuthenticationProvider, requests: DeviceRequests) {
    super(credentials, requests)
    this.#requests = requests
    // One call with a receive policy: without it the SDK polls by timer and, after a hit, at once again.
    this.setOptions({ http: { receivePolicy: { manualPolling: true, drain: false } } }, () => {})
  }

  /** Asks the hub once for a command; undefined if there is none. Rejects with a GatewayError. Never call it twice at once. */
  poll(): Promise<Message | undefined> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        this.removeListener('message', found)
        this.removeListener('error', failed)
        act()
      }
      const found = (message: Message) => settle(() => resolve(message))
      const failed = (error: Error) => settle(() => reject(error))
      this.on('message', found)
      this.on('error', failed)
      this.#requests.onEmptyPoll = () => settle(() => resolve(undefined))
      this.receive()
    })
  }
}
