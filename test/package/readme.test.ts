import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { LineDevice } from '../e2e/program.ts'
import { PackedProject } from './packed-project.ts'

const project = new PackedProject()
const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
const programs = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, source = '']) => source)

before(() => project.install())
after(() => project.remove())

test('README has its programs and keeps to 200 lines', () => {
  assert.equal(programs.length, 3)
  assert.ok(readme.split('\n').length <= 201)
})

test('the first program of README compiles against the packed types, serves a device, and drains on SIGTERM', async () => {
  const file = await project.compile('first', programs[0] ?? '')
  const env = { ...process.env, PORT: '0', ADMIN_PORT: '0' }
  const child = spawn(process.execPath, [file], { cwd: project.folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  try {
    const device = new LineDevice(await portOf(child))
    device.write({ $hello: { deviceId: 'd1', key: 'd3Jvbmc=' } })
    const answer = (await device.next()) as { $error?: { code: string } }
    assert.equal(answer.$error?.code, 'UNAUTHORIZED')
    device.socket.end()
  } finally {
    child.kill('SIGTERM')
  }
  const [code] = await closed
  assert.equal(code, 0)
})

programs.slice(1).forEach((source, index) => {
  test(`program ${index + 2} of README compiles against the packed types and runs`, async () => {
    const file = await project.compile(`program-${index + 2}`, source)
    await promisify(execFile)(process.execPath, [file], { cwd: project.folder })
  })
})

test('the packed program runs', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  const headgate = join(project.folder, 'node_modules/.bin/headgate')
  const { stdout } = await promisify(execFile)(headgate, ['--version'])
  assert.equal(stdout, `${version}\n`)
})

test('the files that README names are there', () => {
  for (const [, file = ''] of readme.matchAll(/\]\(([\w/-]+\.md)\)/g)) {
    assert.ok(readFileSync(new URL(`../../../${file}`, import.meta.url)).length > 0)
  }
})

async function portOf(child: ChildProcess): Promise<number> {
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk
  })
  for (;;) {
    const match = /port (\d+)\n/.exec(text)
    if (match !== null) return Number(match[1])
    if (child.exitCode !== null) throw new Error('the program ended before it announced its port')
    await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), once(child, 'exit')])
  }
}
