import type { Dispatcher } from 'undici'

/** Hears what the hub answers to a batch: nothing is looked at but the status. */
export class AcceptedAnswer implements Dispatcher.DispatchHandler {
  readonly #accepted: () => void
  readonly #failed: (error: Error) => void
  #statusCode = 0

  constructor(accepted: () => void, failed: (error: Error) => void) {
    this.#accepted = accepted
    this.#failed = failed
  }

  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number): void {
    this.#statusCode = statusCode
  }

  onResponseData(): void {}

  onResponseEnd(): void {
    if (this.#statusCode === 204) this.#accepted()
    else this.#failed(new Error(`the hub answered ${this.#statusCode}`))
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#failed(error)
  }
}
