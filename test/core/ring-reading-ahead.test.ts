import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Lines, Messages } from '../../src/core/levels.ts'
import { type Pipeline, pipeline } from '../../src/core/pipeline.ts'
import { defaultPolicy } from '../../src/core/policy.ts'
import { type Stage, stage } from '../../src/core/stage.ts'
import { type Authenticator, authenticate } from '../../src/stages/authenticate.ts'
import { fromHello } from '../../src/stages/authenticators.ts'
import { batch } from '../../src/stages/batch.ts'
import { hub } from '../../src/stages/hub.ts'
import { json } from '../../src/stages/json.ts'
import { lines } from '../../src/stages/lines.ts'
import { embed, type MemoryHub, memoryHub } from '../../src/testing.ts'
import { latch } from './slots.ts'

const greeting = '{"$hello":{"deviceId":"d1","key":"k"}}\n'
const welcome = '{"$welcome":"d1"}\n'

/** The codec of jsonLines, which answers its pings itself, reading ahead or not. */
function codec(ahead: boolean): Stage<Lines, Messages> {
  const whole = json()
  return stage('json', (connection) => ({ ...whole.open(connection), ahead }))
}

function built(to: MemoryHub, authenticator: Authenticator, ahead: boolean, fuse: boolean): Pipeline {
  const auth = authenticate(authenticator)
  const limits = { maxCount: 1, lingerMs: 0 }
  return pipeline('p', lines(), codec(ahead), auth, batch(limits), hub(to, { maxInFlight: 1 })).with({ fuse })
}

/** An authenticator that answers when it is told to. */
function slowly(): { authenticator: Authenticator; open: () => void } {
  const asked = latch()
  return {
    authenticator: async (claim, connection) => {
      await asked.opened
      return fromHello()(claim, connection)
    },
    open: asked.open,
  }
}

for (const fuse of [true, false]) {
  const way = fuse ? 'fused' : 'unfused'

  test(`a stage that reads ahead answers while the hello waits, one that does not waits too (${way})`, async () => {
    for (const ahead of [true, false]) {
      const { authenticator, open } = slowly()
      const device = embed(built(memoryHub(), authenticator, ahead, fuse))
      device.write(`${greeting}{"$ping":1}\n`)
      if (ahead) assert.equal(await device.next(), '{"$pong":1}\n')
      open()
      assert.equal(await device.next(), welcome)
      if (!ahead) assert.equal(await device.next(), '{"$pong":1}\n')
      device.ring.destroy()
    }
  })

  test(`what was read ahead waits for the hello, in its order, and is lost with none of it (${way})`, async () => {
    const { authenticator, open } = slowly()
    const to = memoryHub()
    const device = embed(built(to, authenticator, true, fuse))
    const numbers = Array.from({ length: 100 }, (_, index) => index)
    device.write(greeting + numbers.map((number) => `{"$seq":${number}}\n`).join(''))
    device.write('{"$seq":100}\n')
    open()
    assert.equal(await device.next(), welcome)
    for (const number of [...numbers, 100]) assert.equal(await device.next(), `{"$ack":${number}}\n`)
    assert.equal(to.accepted.length, 101)
    device.ring.destroy()
  })

  test(`pings are answered while the hub holds, up to the room between the stages (${way})`, async () => {
    const to = memoryHub({ hold: true })
    const device = embed(built(to, fromHello(), true, fuse))
    device.write(greeting)
    assert.equal(await device.next(), welcome)
    for (let number = 0; number < 10; number++) {
      device.write(`{"$seq":${number}}\n{"$ping":${number}}\n`)
      assert.equal(await device.next(), `{"$pong":${number}}\n`)
    }
    to.release()
    for (let number = 0; number < 10; number++) assert.equal(await device.next(), `{"$ack":${number}}\n`)
    device.ring.destroy()
  })

  test(`a reading that is refused while its hello waits has its receipt, in its turn (${way})`, async () => {
    const { authenticator, open } = slowly()
    const to = memoryHub()
    const device = embed(built(to, authenticator, true, fuse))
    device.write(`${greeting}{"$seq":1}\n{"$seq":2,"$properties":7}\n`)
    device.write('{"$seq":3,"$properties":{"a b":"1"}}\n{"$seq":4}\n{"$ping":1}\n')
    assert.equal(await device.next(), '{"$pong":1}\n')
    open()
    assert.equal(await device.next(), welcome)
    assert.equal(await device.next(), '{"$ack":1}\n')
    for (const number of [2, 3])
      assert.match(await device.next(), new RegExp(`^\\{"\\$nack":${number},"code":"BAD_CONTENT"`))
    assert.equal(await device.next(), '{"$ack":4}\n')
    assert.deepEqual(
      to.accepted.map(({ message }) => message.tag),
      [1, 4],
    )
    device.ring.destroy()
  })

  test(`a reading that is refused without a hello came too early, and ends the connection (${way})`, async () => {
    for (const ahead of [true, false]) {
      const to = memoryHub()
      const device = embed(built(to, fromHello(), ahead, fuse))
      device.write(`{"$seq":2,"$properties":7}\n${greeting}`)
      await device.ended()
      assert.match(device.pending().toString(), /"code":"NOT_IDENTIFIED"/)
      assert.equal(to.accepted.length, 0)
    }
  })

  test(`what was read ahead of a hello that is refused is neither sent nor answered (${way})`, async () => {
    const to = memoryHub({ keys: {} })
    const device = embed(built(to, fromHello(), true, fuse))
    device.write(`${greeting}{"$seq":1}\n`)
    await device.ended()
    assert.match(device.pending().toString(), /^\{"\$error":\{"code":"DEVICE_NOT_FOUND"[^\n]*\n$/)
    assert.equal(to.accepted.length, 0)
  })
}

test('the policy is asked about a hello that failed as about every error, and the connection ends whatever it says', async () => {
  const codes: string[] = []
  const plant = built(memoryHub({ keys: {} }), fromHello(), false, true).with({
    policy: (error, connection) => {
      codes.push(error.code)
      return error.code === 'DEVICE_NOT_FOUND' ? 'drop' : defaultPolicy(error, connection)
    },
  })
  const device = embed(plant)
  device.write(greeting)
  await device.ended()
  assert.deepEqual(codes, ['DEVICE_NOT_FOUND'])
})
