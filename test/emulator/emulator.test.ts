import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { startEmulator } from '../../src/emulator/index.ts'
import { closed, emulatorFor, openRequest, send } from './https-peer.ts'

describe('an emulator', () => {
  it('tells where it is and how to get in', async (test) => {
    const emulator = await emulatorFor(test)
    assert.equal(emulator.hostName, `localhost:${emulator.port}`)
    assert.match(
      emulator.connectionString,
      /^HostName=localhost:\d+;SharedAccessKeyName=iothubowner;SharedAccessKey=\S{44}$/,
    )
    assert.match(emulator.deviceConnectionString('d1'), /^HostName=localhost:\d+;DeviceId=d1;SharedAccessKey=\S{44}$/)
    assert.throws(() => emulator.deviceConnectionString('d9'), { code: 404001 })
  })

  it('has a certificate for each of its names', async (test) => {
    const emulator = await emulatorFor(test, { hostNames: ['hub.example', '10.1.2.3'] })
    const certificate = new X509Certificate(emulator.ca)
    for (const name of ['localhost', 'emulator.azure-devices.net', 'hub.example']) {
      assert.equal(certificate.checkHost(name), name)
    }
    for (const address of ['127.0.0.1', '::1', '10.1.2.3']) assert.equal(certificate.checkIP(address), address)
    assert.equal(certificate.ca, false)
  })

  it('fails to start on a port that is taken', async (test) => {
    const { port } = await emulatorFor(test)
    await assert.rejects(startEmulator({ port }), { code: 'EADDRINUSE' })
  })

  it('closes with idle sockets, half-done handshakes and half-sent requests about, and twice', async (test) => {
    const emulator = await emulatorFor(test)
    const raw = connect(emulator.port, '127.0.0.1')
    const idle = connectTls({ port: emulator.port, host: '127.0.0.1', ca: emulator.ca })
    await Promise.all([once(raw, 'connect'), once(idle, 'secureConnect')])
    const half = openRequest(emulator, { method: 'POST', path: '/devices/d1/messages/events' })
    half.write('half')
    while (emulator.hub.counters.connections < 2) await new Promise(setImmediate)
    const cut = [raw, idle, half].map(closed)
    raw.resume()
    idle.resume()
    await emulator.close()
    await Promise.all(cut)
    await emulator.close()
    await assert.rejects(send(emulator), { code: 'ECONNREFUSED' })
  })
})
