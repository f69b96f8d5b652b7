import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { describe, type TestContext, test } from 'node:test'
import { readSettings, type Settings } from '../../src/cli/environment.ts'
import { type ReplayFlags, replay } from '../../src/cli/replay.ts'
import { GatewayError } from '../../src/core/errors.ts'
import { telemetry } from '../../src/core/items.ts'
import { startEmulator } from '../../src/emulator/index.ts'
import { deadLetterFile } from '../../src/gateway/dead-letter-file.ts'
import { temporaryFolder } from '../gateway/folder.ts'
import { knownConnection, letterOf, readingLetter } from '../gateway/letters.ts'

/** A file of three readings of d1, one of somebody whom the hub does not know, and a frame. */
async function letters(t: TestContext): Promise<string> {
  const path = join(temporaryFolder(t), 'letters')
  const sink = deadLetterFile({ path })
  for (const number of [1, 2, 3]) sink(readingLetter(number), await knownConnection('d1'))
  sink(letterOf(Buffer.of(0x78, 0x78)), await knownConnection('d1'))
  sink(
    { error: new GatewayError('HUB_REJECTED', 'no'), item: telemetry(Buffer.from('4')) },
    await knownConnection('d9'),
  )
  await sink.close()
  return path
}

async function run(files: readonly string[], settings: Settings, flags: Partial<ReplayFlags> = {}, input = '') {
  const [output, errors] = [new PassThrough(), new PassThrough()]
  const streams = { input: Readable.from([input]), output, errors }
  const all = { dryRun: false, frames: false, json: false, ...flags }
  const failure = await replay(files, all, settings, streams).then(
    () => undefined,
    (error: Error) => error,
  )
  const text = (stream: PassThrough) => (stream.read() as Buffer | null)?.toString() ?? ''
  return { failure, output: text(output), errors: text(errors) }
}

const quiet = { ...readSettings({ logLevel: 'silent' }, {}) }

describe('headgate replay', () => {
  test('sends readings again as their devices, tells what was refused, and fails for it', async (t) => {
    const emulator = await startEmulator({ devices: [{ deviceId: 'd1' }] })
    t.after(() => emulator.close())
    const got: string[] = []
    emulator.hub.subscribe(({ deviceId, body, systemProperties }) =>
      got.push(`${deviceId} ${Buffer.from(body)} ${systemProperties['message-id']}`),
    )
    const settings = { ...quiet, hub: emulator.connectionString, hubCa: emulator.ca }
    const path = await letters(t)
    const { failure, output, errors } = await run([path], settings)
    assert.deepEqual(got, ['d1 1 m1', 'd1 2 m2', 'd1 3 m3'])
    assert.equal(output, '3 readings accepted, 1 refused, 1 frames\n')
    assert.match(errors, new RegExp(`^${path}:5: DEVICE_NOT_FOUND: .*\n$`))
    assert.equal(failure?.message, '1 readings were refused')
  })

  test('--json is a report in one line, of a dry run too, which needs no hub', async (t) => {
    const { failure, output } = await run([await letters(t)], quiet, { dryRun: true, json: true })
    const { accepted, frames } = JSON.parse(output)
    assert.deepEqual([failure, accepted, frames], [undefined, 4, 1])
  })

  test('--frames prints what headgate decode reads, and the report elsewhere', async (t) => {
    const path = await letters(t)
    const { output, errors } = await run([path], quiet, { dryRun: true, frames: true })
    assert.equal(output, `# ${path}:4 p BAD_CONTENT d1 as its stage was given it\n7878\n`)
    assert.equal(errors, '4 readings to send, 1 frames\n')
  })

  test('damaged lines are named by file and number, and fail it; what is whole is counted', async (t) => {
    const path = join(temporaryFolder(t), 'letters')
    writeFileSync(path, '{"tim\n\n{}\n')
    const { failure, output, errors } = await run(['-', path], quiet, { dryRun: true }, 'nonsense')
    assert.equal(
      errors,
      `-:1: its 8 characters are not JSON\n${path}:1: its 5 characters are not JSON\n${path}:3: its code is missing\n`,
    )
    assert.equal(output, '0 readings to send, 3 damaged lines\n')
    assert.equal(failure?.message, '3 lines are damaged')
  })

  test('without a hub, with one that has no policy, and with a file that is not there it is CONFIGURATION', async (t) => {
    const path = await letters(t)
    for (const [files, settings] of [
      [[path], quiet],
      [[path], { ...quiet, hub: 'HostName=h.example' }],
      [[path, `${path}.1`], quiet],
    ] as const) {
      assert.equal((await run(files, settings)).failure?.name, 'GatewayError')
      assert.equal(((await run(files, settings)).failure as GatewayError).code, 'CONFIGURATION')
    }
  })
})
