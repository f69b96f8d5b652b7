import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { jsonLines } from '../../src/pipelines/json-lines.ts'
import { embed, memoryHub } from '../../src/testing.ts'

const greeting = '{"$hello":{"deviceId":"d1","key":"k"}}\n'

describe('embed', () => {
  test('writes as the device, as text or bytes, and reads what it would receive line by line', async () => {
    const device = embed(jsonLines(memoryHub()))
    device.write(greeting)
    device.write(Buffer.from('{"$ping":1}\n'))
    assert.deepEqual([await device.next(), await device.next()], ['{"$welcome":"d1"}\n', '{"$pong":1}\n'])
    device.end()
    await device.ended()
  })

  test('reads a number of bytes, and what came without waiting', async () => {
    const device = embed(jsonLines(memoryHub()))
    device.write(`${greeting}{"$ping":1}\n`)
    assert.equal((await device.read(12)).toString(), '{"$welcome":')
    assert.equal(await device.next(), '"d1"}\n')
    assert.equal((await device.read(12)).toString(), '{"$pong":1}\n')
    assert.equal(device.pending().length, 0)
    device.end()
    await device.ended()
  })

  test('waiting for what never comes ends when the gateway does', async () => {
    const device = embed(jsonLines(memoryHub()))
    const next = device.next()
    device.write('{"$seq":1}\n')
    assert.match(await next, /NOT_IDENTIFIED/)
    await assert.rejects(device.next(), /the gateway ended/)
    await device.ended()
    assert.equal(device.write('{"$seq":2}\n'), false)
  })

  test('the device’s FIN brings what is in flight, then the gateway’s own end', async () => {
    const to = memoryHub({ hold: true })
    const device = embed(jsonLines(to))
    device.write(`${greeting}{"$seq":1}\n`)
    assert.equal(await device.next(), '{"$welcome":"d1"}\n')
    device.end()
    to.release()
    assert.equal(await device.next(), '{"$ack":1}\n')
    await device.ended()
    assert.equal(to.sessions.size, 0)
  })

  test('the connection is the one that was described', () => {
    const device = embed(jsonLines(memoryHub()), { id: 'c7', peer: { address: '192.0.2.7', port: 1 } })
    assert.deepEqual([device.ring.connection.id, device.ring.connection.peer.address], ['c7', '192.0.2.7'])
    device.ring.destroy()
  })
})
