import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Connection } from '../../src/core/connection.ts'
import type { GatewayError } from '../../src/core/errors.ts'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { memoryHub } from '../../src/testing.ts'

/** A socket whose system takes what is written until it is told to take no more; then a write stays with the socket. */
class Stalling extends Duplex {
  takes = true
  readonly taken: string[] = []
  #release: (() => void)[] = []

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const take = () => {
      this.taken.push(chunk.toString())
      done()
    }
    if (this.takes) take()
    else this.#release.push(take)
  }

  /** The device reads again. */
  release(): void {
    this.takes = true
    for (const take of this.#release.splice(0)) take()
  }
}

/** A device that was welcomed, in a process whose clock goes on by a millisecond at each look. */
async function welcomed(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let now = 1_000_000
  t.mock.method(Date, 'now', () => ++now)
  const to = memoryHub()
  const socket = new Stalling({ allowHalfOpen: true })
  const plant = jsonLines(to, { batch: { lingerMs: 0 } })
  const ring = plant.open(new Connection({ id: '1', pipeline: plant.name }))
  const failures: (GatewayError | undefined)[] = []
  ring.attach(socket, (failure) => failures.push(failure))
  socket.push('{"$hello":{"deviceId":"d1","key":"k"}}\n')
  const turns = async () => {
    for (let count = 0; count < 30; count++) await turn()
  }
  await turns()
  assert.equal(socket.taken.length, 1, 'it is welcomed')
  t.after(() => ring.destroy())
  return {
    to,
    socket,
    failures,
    turns,
    command: () => to.queueCommand('d1', '{"open":1}', { writeBefore: now + 5000 }),
  }
}

test('a command that the system does not take is cut off when its time is over, though it took all before', async (t) => {
  const { socket, failures, turns, command } = await welcomed(t)
  socket.takes = false
  command()
  await turns()
  assert.ok(socket.writableLength > 0, 'the command lies in the socket')
  t.mock.timers.tick(5000)
  await turns()
  socket.release()
  await turns()
  assert.deepEqual(
    failures.map((failure) => failure?.code),
    ['STALLED'],
  )
})

test('one that the system took is not, though what was said after it lies in the process', async (t) => {
  const { to, socket, failures, turns, command } = await welcomed(t)
  command()
  await turns()
  assert.match(socket.taken[1] ?? '', /open/)
  for (const seq of [1, 2]) {
    socket.takes = seq === 1
    socket.push(`{"$seq":${seq}}\n`)
    await turns()
    t.mock.timers.tick(1)
    await turns()
  }
  assert.equal(to.accepted.length, 2)
  assert.ok(socket.writableLength > 0, 'a receipt lies in the socket')
  t.mock.timers.tick(5000)
  await turns()
  assert.deepEqual(failures, [])
})
