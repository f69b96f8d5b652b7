import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import type { Program } from '../../../bench/parts/program.ts'

const module = new URL('../../../bench/parts/program.js', import.meta.url)

/** Runs a script in which `Program` is known. */
function run(script: string): ReturnType<typeof spawn> {
  const code = `import { Program } from ${JSON.stringify(module)}\n${script}`
  return spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: ['ignore', 'pipe', 'pipe'] })
}

function programOf(script: string): string {
  return `new Program(process.execPath, ['--eval', ${JSON.stringify(script)}])`
}

describe('a program', { skip: process.platform !== 'linux' && 'only Linux has /proc' }, () => {
  test('ends with the process that started it', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const connects = `require('node:net').connect(${port}, '127.0.0.1', () => console.log('up'))`
    const owner = run(`await ${programOf(connects)}.printed(/up/)\nprocess.exit(0)`)
    const [socket] = (await once(server, 'connection')) as [Socket]
    socket.on('error', () => {}).resume()
    const [[exitCode]] = await Promise.all([once(owner, 'exit'), once(socket, 'close')])
    assert.equal(exitCode, 0)
    server.close()
  })

  test('that ends before takes its process with it, and its last words are told', async () => {
    const owner = run(programOf(`console.error('no such file: x.conf'); process.exit(3)`))
    const [words, [exitCode]] = await Promise.all([text(owner.stderr as NodeJS.ReadableStream), once(owner, 'exit')])
    assert.notEqual(exitCode, 0)
    assert.match(words, /ended \(3\): no such file: x\.conf/)
  })

  test('that cannot be started is an error', async () => {
    const owner = run(`new Program('/no/such/program', [])`)
    const [words, [exitCode]] = await Promise.all([text(owner.stderr as NodeJS.ReadableStream), once(owner, 'exit')])
    assert.notEqual(exitCode, 0)
    assert.match(words, /ENOENT/)
  })

  test('is measured between start and stop', async () => {
    const burnt = 200_000
    const burn = `while (process.cpuUsage().user < ${burnt});`
    const owner = run(`
      const program = ${programOf(`${burn} console.log('burnt'); setInterval(() => {}, 1000)`)}
      program.start()
      await program.printed(/burnt/)
      console.log(JSON.stringify(program.stop()))
      process.exit(0)`)
    const [printed] = await Promise.all([text(owner.stdout as NodeJS.ReadableStream), once(owner, 'exit')])
    const { cpuUs, maxRssKiB, wallMs } = JSON.parse(printed) as ReturnType<Program['stop']>
    // Told in ticks of 10 ms, of which one may have been used before the start.
    assert.ok(cpuUs >= burnt - 20_000, printed)
    assert.ok(maxRssKiB > 1024 && wallMs > 0, printed)
  })
})
