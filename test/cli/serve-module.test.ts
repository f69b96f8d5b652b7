import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { readSettings } from '../../src/cli/environment.ts'
import { serveModule } from '../../src/cli/serve-module.ts'

const settings = readSettings(
  { port: '0', adminPort: '0', emulatorPort: '0', logLevel: 'silent' },
  { HEADGATE_HUB: 'HostName=localhost:1' },
)
let folder: string

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-test-'))
})
afterEach(() => {
  process.removeAllListeners('SIGTERM')
  process.removeAllListeners('SIGINT')
})
after(() => rmSync(folder, { recursive: true }))

/** Serves a module of this text; for modules that cannot be served, so it never gets to wait for a signal. */
function serveText(name: string, text: string): Promise<void> {
  const path = join(folder, `${name}.mjs`)
  writeFileSync(path, text)
  return serveModule(path, settings, true)
}

for (const [name, text, words] of [
  ['nothing', 'export const x = 1', /no pipeline, list of services, or function/],
  ['number', 'export default 7', /no pipeline, list of services, or function/],
  ['nullish', 'export default () => undefined', /no pipeline, list of services, or function/],
  ['promised', 'export default async () => 7', /no pipeline, list of services, or function/],
  ['broken', 'export default (', /cannot load .*broken.mjs: /],
  ['throwing', 'throw new Error("at load")', /cannot load .*throwing.mjs: Error: at load\n.*throwing.mjs:1:7/],
  ['empty', 'export default []', /there is no pipeline to serve/],
] as const) {
  test(`a module whose default export is ${name} is CONFIGURATION`, async () => {
    await assert.rejects(serveText(name, text), { code: 'CONFIGURATION', message: words })
  })
}

test('a module that is not there is CONFIGURATION', async () => {
  await assert.rejects(serveModule(join(folder, 'absent.mjs'), settings, true), {
    code: 'CONFIGURATION',
    message: /cannot load .*absent.mjs/,
  })
})

test('what a function of the hub throws is thrown as it is', async () => {
  await assert.rejects(serveText('careless', 'export default () => { throw new RangeError("mine") }'), {
    name: 'RangeError',
  })
})
