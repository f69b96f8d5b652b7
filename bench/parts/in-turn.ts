/** Does work so many times in all: every worker does it again and again, one at a time, until nothing is left. */
export async function inTurn<Worker>(
  workers: readonly Worker[],
  times: number,
  work: (worker: Worker) => Promise<unknown>,
): Promise<void> {
  let left = times
  const repeat = async (worker: Worker) => {
    while (left > 0) {
      left--
      await work(worker)
    }
  }
  await Promise.all(workers.map(repeat))
}
