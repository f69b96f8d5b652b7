import assert from 'node:assert/strict'
import fs from 'node:fs'
import { type TestContext, test } from 'node:test'
import { silentLog } from '../../src/core/connection.ts'
import { hello } from '../../src/core/items.ts'
import { bindLog, createLog } from '../../src/gateway/log.ts'

/** Catches what is written to standard error. */
function standardError(t: TestContext): () => Record<string, unknown>[] {
  let text = ''
  t.mock.method(fs, 'writeSync', (fd: number, chunk: string) => {
    assert.equal(fd, 2)
    text += chunk
    return Buffer.byteLength(chunk)
  })
  return () => {
    assert.match(text, /^$|\n$/)
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  }
}

test('a log is one JSON object a line on standard error, with time and level in words', (t) => {
  const lines = standardError(t)
  const log = createLog()
  log.info({ port: 9000 }, 'listening')
  log.error({ text: 'a\nb' }, 'broken')
  const [first, second] = lines()
  assert.deepEqual([first?.level, first?.port, first?.msg], ['info', 9000, 'listening'])
  assert.deepEqual([second?.level, second?.text], ['error', 'a\nb'])
  assert.ok(!Number.isNaN(Date.parse(first?.time as string)))
})

test('what is below the level is not written', (t) => {
  const lines = standardError(t)
  const log = createLog('warn')
  log.debug({}, 'a')
  log.info({}, 'b')
  log.warn({}, 'c')
  createLog('silent').error({}, 'd')
  assert.deepEqual(
    lines().map(({ msg }) => msg),
    ['c'],
  )
})

test('credentials are never written: fields of their names, inside other fields too, and secrets wherever they are', (t) => {
  const lines = standardError(t)
  const log = createLog()
  const secret = 'c2VjcmV0'
  for (const field of [
    'key',
    'sas',
    'credentials',
    'authorization',
    'Authorization',
    'connectionString',
    'SharedAccessKey',
  ]) {
    log.info({ [field]: secret }, 'outside')
    log.info({ hello: { [field]: secret } }, 'inside')
  }
  log.info(hello({ deviceId: 'd1', key: secret }), 'an item')
  log.info({ deep: { er: { item: hello({ deviceId: 'd1', sas: secret }) } } }, 'an item')
  const written = JSON.stringify(lines())
  assert.equal(lines().length, 16)
  assert.ok(!written.includes(secret))
  assert.ok(written.includes('d1'))
})

test('a bound log adds its fields to every line, and those of a line win', () => {
  const seen: object[] = []
  const keep = (fields: object) => seen.push(fields)
  const log = bindLog({ debug: keep, info: keep, warn: keep, error: keep }, { connection: 'c-1', pipeline: 'p' })
  log.debug({ a: 1 }, 'x')
  log.info({ pipeline: 'q' }, 'x')
  log.warn({}, 'x')
  log.error({}, 'x')
  assert.deepEqual(seen, [
    { connection: 'c-1', pipeline: 'p', a: 1 },
    { connection: 'c-1', pipeline: 'q' },
    { connection: 'c-1', pipeline: 'p' },
    { connection: 'c-1', pipeline: 'p' },
  ])
})

test('without a log nothing is written', (t) => {
  const lines = standardError(t)
  bindLog(silentLog, {}).error({}, 'x')
  assert.deepEqual(lines(), [])
})
