/**
 * Runs every compiled test file with node:test. Tests under real-servers/ drive servers that are not npm packages; where
 * one is not installed they are left out, and that is said, not skipped in silence. With CI set they must be there.
 */
import { spawn, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))

const servers: Readonly<Record<string, string>> = {
  promtool: 'prometheus',
  prometheus: 'prometheus',
  nc: 'netcat-openbsd',
  curl: 'curl',
}

function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

const missing = Object.entries(servers).filter(([program]) => !isInstalled(program))
if (missing.length > 0 && process.env.CI) {
  process.stderr.write(`not installed: ${missing.map(([program]) => program).join(', ')}\n`)
  process.exit(1)
}

const chosen = process.argv.slice(2)
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => missing.length === 0 || !file.startsWith(`real-servers${sep}`))
  .filter((file) => chosen.length === 0 || chosen.some((part) => file.includes(part)))
  .sort()
  .map((file) => join(folder, file))

if (files.length === 0) {
  // Without a file node would run every test that it finds.
  process.stderr.write(`no test has ${chosen.join(' or ')} in its path\n`)
  process.exit(1)
}

const options = ['--enable-source-maps', '--test', '--test-concurrency=2', '--test-reporter=spec']
const child = spawn(process.execPath, [...options, ...files], { stdio: 'inherit' })
child.on('exit', (code) => {
  if (missing.length > 0) {
    const packages = [...new Set(missing.map(([, name]) => name))].join(' ')
    process.stderr.write(`\ntest/real-servers was not run; it takes the Debian packages: ${packages}\n`)
  }
  process.exitCode = code ?? 1
})
