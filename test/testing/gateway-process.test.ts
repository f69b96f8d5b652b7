import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GatewayProcess } from '../../src/testing/gateway-process.ts'

const script = (code: string) => ({ args: ['-e', code] })
const listening = `
  process.on('SIGTERM', () => { console.error('draining'); process.exit(3) })
  setInterval(() => {}, 1000)
  console.log(JSON.stringify({ gateway: [{ port: 7 }], variable: process.env.GIVEN }))
`

test('it is there once it has announced itself, with the variables that it was given', async () => {
  const gateway = await GatewayProcess.start({ ...script(listening), env: { GIVEN: 'x' } })
  assert.deepEqual(gateway.announcement, { gateway: [{ port: 7 }], variable: 'x' })
  assert.ok(gateway.pid > 0)
  assert.deepEqual(await gateway.kill(), { code: null, signal: 'SIGKILL' })
})

test('terminated, it may finish, even where it stood still', async () => {
  const gateway = await GatewayProcess.start(script(listening))
  gateway.pause()
  assert.deepEqual(await gateway.terminate(), { code: 3, signal: null })
  assert.deepEqual(gateway.errors, ['draining'])
})

test('one that ends before it listens is an error with its own words', async () => {
  await assert.rejects(GatewayProcess.start(script(`console.error('no such port'); process.exit(2)`)), {
    message: 'the gateway ended (2) before it listened:\nno such port',
  })
})
