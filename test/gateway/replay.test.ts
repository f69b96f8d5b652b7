import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type ErrorCode, GatewayError } from '../../src/core/errors.ts'
import { report, telemetry } from '../../src/core/items.ts'
import { describeDeadLetter } from '../../src/gateway/describe-dead-letter.ts'
import { type ReplayOptions, replayDeadLetters } from '../../src/gateway/replay.ts'
import { type MemoryHub, memoryHub } from '../../src/hub/memory.ts'
import { type Hub, PartialSendError } from '../../src/hub/port.ts'
import { knownConnection, letterOf } from './letters.ts'

async function lineOf(item: unknown, deviceId = 'd1', code: ErrorCode = 'HUB_REJECTED'): Promise<string> {
  return JSON.stringify(describeDeadLetter(letterOf(item, code), await knownConnection(deviceId)))
}

const readingLine = (number: number, deviceId = 'd1', code?: ErrorCode) =>
  lineOf(telemetry(Buffer.from(`${number}`), { messageId: `m${number}` }), deviceId, code)

const bodies = (hub: MemoryHub) => hub.accepted.map(({ deviceId, message }) => `${deviceId} ${message.body}`)

/** Replays lines, and tells the problems as `line code`. */
async function replayed(lines: readonly string[], hub: Hub | undefined, options: ReplayOptions = {}) {
  const problems: string[] = []
  const report = await replayDeadLetters([{ name: 'letters', lines }], hub, {
    onProblem: ({ code }, { source, line }) => problems.push(`${source}:${line} ${code}`),
    ...options,
  })
  return { report, problems }
}

const nothing = {
  accepted: 0,
  refused: 0,
  altered: 0,
  frames: 0,
  others: 0,
  otherCodes: 0,
  damaged: 0,
  stoppedAt: undefined,
}

describe('replayDeadLetters', () => {
  test('sends readings as their devices, in order, with their message ids, and leaves no session', async () => {
    const hub = memoryHub()
    const lines = [await readingLine(1), await readingLine(2), '', await readingLine(3, 'd2'), await readingLine(4)]
    const { report } = await replayed(lines, hub)
    assert.deepEqual(report, { ...nothing, accepted: 4 })
    assert.deepEqual(bodies(hub), ['d1 1', 'd1 2', 'd2 3', 'd1 4'])
    assert.deepEqual(
      hub.accepted.map(({ message }) => message.messageId),
      ['m1', 'm2', 'm3', 'm4'],
    )
    assert.equal(hub.sessions.size, 0)
  })

  test('frames are given out, other letters counted, damaged lines told by number, and the rest goes on', async () => {
    const hub = memoryHub()
    const frames: string[] = []
    const lines = [
      await lineOf(Buffer.of(0xab)),
      '{"cut sho',
      await lineOf(report({})),
      await lineOf(telemetry(Buffer.from('key=abcd'))),
      await readingLine(1),
      await readingLine(2, 'd1', 'MESSAGE_TOO_LARGE'),
    ]
    const onFrame: ReplayOptions['onFrame'] = ({ frameHex }, { line }) => frames.push(`${line} ${frameHex}`)
    const { report: told, problems } = await replayed(lines, hub, { onFrame, code: 'HUB_REJECTED' })
    assert.deepEqual(told, { ...nothing, accepted: 1, altered: 1, frames: 1, others: 1, otherCodes: 1, damaged: 1 })
    assert.deepEqual([frames, problems, bodies(hub)], [['1 ab'], ['letters:2 BAD_CONTENT'], ['d1 1']])
  })

  test('a dry run sends nothing and needs no hub', async () => {
    const hub = memoryHub()
    const lines = [await readingLine(1)]
    for (const to of [hub, undefined]) {
      assert.deepEqual((await replayed(lines, to, { dryRun: true })).report, { ...nothing, accepted: 1 })
    }
    assert.equal(hub.accepted.length, 0)
    await assert.rejects(replayed(lines, undefined), { code: 'CONFIGURATION' })
  })

  test('what the hub refuses for good is told, and the next is sent', async () => {
    const hub = memoryHub()
    hub.fail(new GatewayError('HUB_REJECTED', 'never'))
    const lines = [await readingLine(1), await readingLine(2, 'unknown'), await readingLine(3)]
    const open: Hub['open'] = async (device, context) => {
      if (device.deviceId === 'unknown') throw new GatewayError('DEVICE_NOT_FOUND', 'nobody')
      return hub.open(device, context)
    }
    const { report, problems } = await replayed(lines, { can: hub.can, open })
    assert.deepEqual(problems, ['letters:1 HUB_REJECTED', 'letters:2 DEVICE_NOT_FOUND'])
    assert.deepEqual(report, { ...nothing, accepted: 1, refused: 2 })
    assert.equal(hub.sessions.size, 0)
  })

  test('at what fails for now it stops, says where, and goes on from there', async () => {
    const hub = memoryHub()
    const lines = [await readingLine(1), await readingLine(2, 'd2'), await readingLine(3, 'd2'), await readingLine(4)]
    let opened = 0
    const open: Hub['open'] = (device, context) => {
      if (++opened === 2) hub.fail(new GatewayError('HUB_UNAVAILABLE', 'gone'))
      return hub.open(device, context)
    }
    const { report } = await replayed(lines, { can: hub.can, open })
    const reason = 'HUB_UNAVAILABLE: gone'
    assert.deepEqual(report, { ...nothing, accepted: 1, stoppedAt: { source: 'letters', line: 2, reason } })
    const { report: rest } = await replayed(lines, hub, { from: 2 })
    assert.equal(rest.accepted, 3)
    assert.deepEqual(bodies(hub), ['d1 1', 'd2 2', 'd2 3', 'd1 4'])
  })

  test('told to end, it ends what is being sent and says where it stopped', async () => {
    const hub = memoryHub({ hold: true })
    const ending = new AbortController()
    const lines = [await readingLine(1), await readingLine(2, 'd2')]
    const running = replayed(lines, hub, { signal: ending.signal })
    await hub.until(() => hub.sessions.size === 1)
    await new Promise(setImmediate)
    ending.abort()
    const { report } = await running
    assert.deepEqual([report.accepted, report.stoppedAt?.line, hub.sessions.size], [0, 1, 0])
    const { report: never } = await replayed(lines, hub, { signal: ending.signal })
    assert.deepEqual([never.accepted, never.stoppedAt?.line], [0, 1])
  })

  test('what is wrong with the gateway itself rejects, and sessions are closed', async () => {
    const hub = memoryHub()
    hub.fail(new GatewayError('CONFIGURATION', 'no policy'))
    await assert.rejects(replayed([await readingLine(1)], hub), { code: 'CONFIGURATION' })
    assert.equal(hub.sessions.size, 0)
    await assert.rejects(replayed([], hub, { from: 0 }), { code: 'CONFIGURATION' })
  })

  test('however many devices there are, few sessions are open at once', async () => {
    const hub = memoryHub()
    let most = 0
    const open: Hub['open'] = async (device, context) => {
      const session = await hub.open(device, context)
      most = Math.max(most, hub.sessions.size)
      return session
    }
    const lines = await Promise.all(Array.from({ length: 200 }, (_, number) => readingLine(number, `d${number % 100}`)))
    assert.equal((await replayed(lines, { can: hub.can, open })).report.accepted, 200)
    assert.ok(most <= 33, `${most}`)
  })

  test('whatever the hub does, each reading is accepted, refused, or behind where it stopped; order holds for each device', async () => {
    const fate = fc.constantFrom('accept', 'accept', 'accept', 'never', 'later')
    const letters = fc.array(fc.record({ deviceId: fc.constantFrom('d1', 'd2', 'd3'), fate }), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(letters, async (letters) => {
        const memory = memoryHub()
        const open: Hub['open'] = async (device, context) => {
          const session = await memory.open(device, context)
          return {
            ...session,
            async send(messages) {
              const failures = new Map()
              for (const message of messages) {
                const fate = letters[Number(message.body)]?.fate
                if (fate === 'never') failures.set(message, new GatewayError('HUB_REJECTED', 'never'))
                if (fate === 'later') failures.set(message, new GatewayError('HUB_UNAVAILABLE', 'later'))
              }
              await session.send(messages.filter((message) => !failures.has(message)))
              if (failures.size > 0) throw new PartialSendError(failures)
            },
          }
        }
        const lines = await Promise.all(letters.map(({ deviceId }, number) => readingLine(number, deviceId)))
        const { report, problems } = await replayed(lines, { can: memory.can, open })
        const firstLater = letters.findIndex(({ fate }) => fate === 'later')
        assert.equal((report.stoppedAt?.line ?? 0) - 1, firstLater)
        const end = firstLater < 0 ? letters.length : firstLater
        const got = memory.accepted.map(({ message }) => Number(message.body))
        for (let number = 0; number < end; number++) {
          const wasRefused = problems.includes(`letters:${number + 1} HUB_REJECTED`)
          assert.equal(got.filter((each) => each === number).length, wasRefused ? 0 : 1)
          assert.equal(wasRefused, letters[number]?.fate === 'never')
        }
        assert.deepEqual(
          got,
          [...got].sort((a, b) => a - b),
        )
        assert.equal(report.accepted, got.length)
        assert.equal(memory.sessions.size, 0)
      }),
      { numRuns: 100 },
    )
  })
})
