import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { nodeRed, syslogNg } from '../../../bench/parts/installed.ts'
import { Skipped } from '../../../bench/scenario.ts'

describe('what the bench looks for', { skip: process.platform !== 'linux' && 'only Linux has /proc' }, () => {
  let directory = ''

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'headgate-installed-'))
  })

  afterEach(() => rmSync(directory, { recursive: true }))

  function putSyslogNg(modules: string): string {
    const path = join(directory, 'syslog-ng')
    writeFileSync(path, `#!/bin/sh\necho 'syslog-ng 3 (3.38.1)\nAvailable-Modules: ${modules}'\n`, { mode: 0o755 })
    return path
  }

  test('is Node-RED in node_modules of the directory', () => {
    const package_ = join(directory, 'node_modules', 'node-red')
    mkdirSync(package_, { recursive: true })
    writeFileSync(join(package_, 'package.json'), '{"name":"node-red"}')
    writeFileSync(join(package_, 'red.js'), '')
    assert.equal(nodeRed(directory), join(package_, 'red.js'))
  })

  test('is syslog-ng with its HTTP destination, in the first directory that has it', () => {
    const path = putSyslogNg('affile,http,json-plugin')
    assert.equal(syslogNg([join(directory, 'none'), directory]), path)
  })

  test('skips the row where it is missing, with a word that helps', () => {
    const missing = (words: RegExp) => (thrown: unknown) => thrown instanceof Skipped && words.test(thrown.message)
    assert.throws(() => nodeRed(directory), missing(/npm ci --prefix bench\/comparators/))
    assert.throws(() => syslogNg([directory]), missing(/not installed.*syslog-ng-mod-http/))
    putSyslogNg('affile,azure-auth-header,http-loki')
    assert.throws(() => syslogNg([directory]), missing(/no HTTP module.*syslog-ng-mod-http/))
  })
})
