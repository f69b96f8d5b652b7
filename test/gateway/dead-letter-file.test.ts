import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { deadLetterFile } from '../../src/gateway/dead-letter-file.ts'
import { temporaryFolder } from './folder.ts'
import { knownConnection, letterOf, numberOf, readingLetter } from './letters.ts'

describe('deadLetterFile', () => {
  test('writes a line of JSON for each letter, all of them before it has closed', async (t) => {
    const path = join(temporaryFolder(t), 'letters')
    const sink = deadLetterFile({ path })
    const connection = await knownConnection()
    for (let number = 0; number < 250; number++) sink(readingLetter(number), connection)
    await sink.close()
    const lines = readFileSync(path, 'utf8').split('\n')
    assert.equal(lines.pop(), '')
    assert.deepEqual(
      lines.map(numberOf),
      Array.from({ length: 250 }, (_, number) => number),
    )
    assert.equal(sink.gauges[0]?.read(), 0)
  })

  test('a second one goes on where the first ended, and rotates', async (t) => {
    const path = join(temporaryFolder(t), 'letters')
    const connection = await knownConnection()
    for (const number of [1, 2, 3]) {
      const sink = deadLetterFile({ path, maxBytes: 4096, keep: 1 })
      sink(readingLetter(number, 2000), connection)
      await sink.close()
    }
    assert.deepEqual(
      [path, `${path}.1`].map((each) => numberOf(readFileSync(each, 'utf8'))),
      [3, 2],
    )
    assert.equal(existsSync(`${path}.2`), false)
  })

  test('takes the options of descriptions', async (t) => {
    const path = join(temporaryFolder(t), 'letters')
    const sink = deadLetterFile({ path, maxFrameBytes: 2, redact: (bytes) => Buffer.alloc(bytes.length, 0xee) })
    sink(letterOf(Buffer.of(1, 2, 3)), await knownConnection())
    await sink.close()
    const { frameHex, frameBytes, redacted } = JSON.parse(readFileSync(path, 'utf8'))
    assert.deepEqual([frameHex, frameBytes, redacted], ['eeee', 3, true])
  })

  test('a path that cannot be written, and options out of range, are CONFIGURATION at once', (t) => {
    const folder = temporaryFolder(t)
    mkdirSync(join(folder, 'folder'))
    for (const [options, words] of [
      [{ path: join(folder, 'none', 'letters') }, /cannot write .*ENOENT/],
      [{ path: join(folder, 'folder') }, /EISDIR/],
      [{ path: '/dev/null' }, /not a regular file/],
      [{ path: join(folder, 'a'), maxBytes: 10 }, /maxBytes must be/],
      [{ path: join(folder, 'a'), keep: 0 }, /keep must be/],
      [{ path: join(folder, 'a'), maxFrameBytes: 1.5 }, /^deadLetterFile: maxFrameBytes must be/],
    ] as const) {
      assert.throws(() => deadLetterFile(options), { code: 'CONFIGURATION', message: words })
    }
    assert.equal(existsSync(join(folder, 'a')), false)
  })
})
