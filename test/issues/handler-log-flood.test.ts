import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Log, silentLog } from '../../src/core/connection.ts'
import type { Lines } from '../../src/core/levels.ts'
import { pipeline } from '../../src/core/pipeline.ts'
import { lines } from '../../src/stages/lines.ts'
import { embed } from '../../src/testing.ts'
import { lineStage, mirror } from '../core/text-pipelines.ts'

function countingLog(): { readonly log: Log; count: number } {
  const counted = { count: 0, log: silentLog }
  counted.log = { ...silentLog, error: () => counted.count++, warn: () => counted.count++ }
  return counted
}

async function refusedLines(
  stage: ReturnType<typeof lineStage>,
  options: Parameters<typeof embed>[1],
): Promise<number> {
  const counted = countingLog()
  const made = pipeline('flood', lines(), stage, mirror).with({ policy: () => 'dead-letter' })
  const device = embed(made, { ...options, log: counted.log })
  device.write('x\n'.repeat(1000))
  device.end()
  await device.ended()
  return counted.count
}

test('an onDeadLetter that throws at every refused line does not fill the log', async () => {
  const refusing = lineStage('refusing', () => ({
    up: () => {
      throw new Error('no')
    },
  }))
  const logged = await refusedLines(refusing, {
    onDeadLetter: () => {
      throw new Error('full disk')
    },
  })
  // 1, 2, 4 … 512: ten of the refusals, and ten of the handler.
  assert.ok(logged <= 2 * 10, `${logged} lines`)
})

test('a stage that fails at every line under a policy that goes on does not fill the log', async () => {
  const failing = lineStage('failing', () => ({
    up: (line: Lines['up']) => {
      throw new TypeError(line)
    },
  }))
  const logged = await refusedLines(failing, {})
  assert.ok(logged > 0 && logged <= 10, `${logged} lines`)
})
