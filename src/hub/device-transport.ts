import type { AuthenticationProvider, Message } from 'azure-iot-common'
import deviceHttp from 'azure-iot-device-http'
import type { Http as HttpTransport } from 'azure-iot-device-http/dist/http.js'
import type { Outcome } from '../core/items.ts'
import type { DeviceRequests } from './device-requests.ts'

// The package's own types call its export a namespace; it is the class.
const Http = deviceHttp.Http as unknown as typeof HttpTransport

/** Without a policy the SDK polls by timer and, after a hit, at once again. */
const receivePolicy = { manualPolling: true, drain: false }

/**
 * The SDK's HTTP transport over our request base, polled when we ask instead of by its own interval. The SDK's client, which would stand in
 * front of it, only adds retries, events and options, and two kilobytes a device.
 */
export class DeviceTransport extends Http {
  readonly #requests: DeviceRequests

  constructor(credentials: AuthenticationProvider, requests: DeviceRequests) {
    super(credentials, requests)
    this.#requests = requests
    this.setOptions({ http: { receivePolicy } }, () => {})
  }

  /** Sends a batch whose body is this. Rejects with a GatewayError. */
  post(body: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#requests.carry(body)
      this.sendEventBatch([], (error) => (error ? reject(error) : resolve()))
    })
  }

  /** Asks the hub once for a command; undefined if there is none. Rejects with a GatewayError. Never call it twice at once. */
  poll(): Promise<Message | undefined> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        this.removeListener('message', found)
        this.removeListener('error', failed)
        this.#requests.onEmptyPoll = undefined
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

  /** Tells the hub what became of a command. Rejects with a GatewayError. */
  settle(outcome: Outcome, command: Message): Promise<void> {
    return new Promise((resolve, reject) => {
      this[outcome](command, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** Stops the timer that renews the token. */
  end(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.disconnect((error) => (error ? reject(error) : resolve()))
    })
  }
}
