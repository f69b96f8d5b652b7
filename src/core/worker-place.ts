import cluster from 'node:cluster'

/** Which of a gateway's workers a process is. */
export interface WorkerPlace {
  /** From 1 to `count`; a worker that takes another's place has its number. While it does, both have it for a moment. */
  readonly number: number
  readonly count: number
}

/**
 * Which worker this process is, where `serve(…, { workers })` made it; undefined in any other process, the one that watches over the workers
 * among them. Whatever limits or files all workers share is divided by it.
 */
export function workerPlace(): WorkerPlace | undefined {
  // The variables are inherited by whatever a worker starts; being a worker is not.
  return cluster.isWorker ? placeIn(process.env) : undefined
}

/** The place that the variables HEADGATE_WORKER and HEADGATE_WORKERS tell of; undefined where they tell of none. */
export function placeIn({ HEADGATE_WORKER, HEADGATE_WORKERS }: NodeJS.ProcessEnv): WorkerPlace | undefined {
  const [number, count] = [Number(HEADGATE_WORKER), Number(HEADGATE_WORKERS)]
  const isPlace = Number.isInteger(number) && Number.isInteger(count) && number >= 1 && number <= count
  return isPlace ? { number, count } : undefined
}
