import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Connection } from '../../src/core/connection.ts'
import { GatewayError } from '../../src/core/errors.ts'
import type { Identity } from '../../src/core/items.ts'

const identity: Identity = { deviceId: 'd1', credentials: { type: 'policy' } }

function fresh(): Connection {
  return new Connection({ id: '1', pipeline: 'plant' })
}

/** What a promise is now, without waiting for anything but promise jobs. */
async function stateOf(promise: Promise<void>): Promise<'pending' | 'resolved'> {
  let state: 'pending' | 'resolved' = 'pending'
  void promise.then(() => {
    state = 'resolved'
  })
  for (let turn = 0; turn < 5; turn++) await undefined
  return state
}

test('a connection needs no more than a name: it has a meter, a silent log and no peer', () => {
  const connection = fresh()
  assert.equal(connection.meter.pipeline, 'plant')
  assert.deepEqual(connection.peer, { address: '', port: 0 })
  assert.equal(connection.identity, undefined)
  connection.log.error({}, 'silent')
  connection.onDeadLetter({ error: new GatewayError('BUG', 'x'), item: 1 }, connection)
})

test('an identity is believed only after what must succeed first has succeeded', async () => {
  const connection = fresh()
  let open: (() => void) | undefined
  connection.onIdentify(() => new Promise((resolve) => (open = resolve)))
  const identified = connection.identify(identity)
  assert.equal(connection.identity, undefined)
  open?.()
  await identified
  assert.equal(connection.identity, identity)
})

test('what the hub refuses is never believed', async () => {
  const connection = fresh()
  connection.onIdentify(() => Promise.reject(new GatewayError('UNAUTHORIZED', 'wrong key')))
  await assert.rejects(connection.identify(identity), { code: 'UNAUTHORIZED' })
  assert.equal(connection.identity, undefined)
})

test('the wait for the answer to a hello ends with yes, with no, and with the connection', async () => {
  const endings: ((connection: Connection) => unknown)[] = [
    (connection) => connection.identify(identity),
    (connection) => connection.helloRefused(),
    (connection) => connection.close(),
  ]
  for (const end of endings) {
    const connection = fresh()
    const waits = [connection.helloAnswered(), connection.helloAnswered()]
    assert.equal(await stateOf(waits[0] as Promise<void>), 'pending')
    await end(connection)
    await Promise.all(waits)
  }
})

test('nobody waits for a hello that is answered, or on a connection that is gone', async () => {
  const known = fresh()
  await known.identify(identity)
  assert.equal(await stateOf(known.helloAnswered()), 'resolved')
  const gone = fresh()
  gone.close()
  assert.equal(await stateOf(gone.helloAnswered()), 'resolved')
})

test('the signal is aborted when the connection closes, whether it was asked for before or after', () => {
  const before = fresh()
  const { signal } = before
  assert.equal(signal.aborted, false)
  before.close()
  before.close()
  assert.equal(signal.aborted, true)
  assert.equal(before.signal, signal)
  const after = fresh()
  after.close()
  assert.equal(after.signal.aborted, true)
})

test('refusals of streams reach the ring that listens, and nobody else', () => {
  const connection = fresh()
  connection.refused(new GatewayError('BUG', 'nobody listens'), [])
  const heard: unknown[] = []
  connection.onRefused((error, items) => heard.push(error.code, items))
  connection.refused(new GatewayError('HUB_REJECTED', 'x'), ['a'])
  assert.deepEqual(heard, ['HUB_REJECTED', ['a']])
})

test('that a device is known is told once, after its identity is believed, unless it may have several connections', async () => {
  const claimed: string[] = []
  const watched = () => new Connection({ id: '1', pipeline: 'plant', onClaimed: (deviceId) => claimed.push(deviceId) })
  const refused = watched()
  refused.onIdentify(() => Promise.reject(new GatewayError('UNAUTHORIZED', 'no')))
  await assert.rejects(refused.identify(identity))
  await watched().identify(identity, { takeover: false })
  assert.deepEqual(claimed, [])
  await watched().identify(identity)
  assert.deepEqual(claimed, ['d1'])
})

test('a connection that has ended meanwhile claims no device', async () => {
  const claimed: string[] = []
  const connection = new Connection({ id: '1', pipeline: 'plant', onClaimed: (deviceId) => claimed.push(deviceId) })
  connection.onIdentify(async () => connection.close())
  await connection.identify(identity)
  assert.deepEqual(claimed, [])
})

test('what must stop when nothing more is taken from the device is stopped, also where that was before', () => {
  const connection = fresh()
  let stops = 0
  connection.onHalt(() => stops++)
  connection.halt()
  assert.equal(stops, 1)
  connection.onHalt(() => stops++)
  assert.equal(stops, 2)
})
