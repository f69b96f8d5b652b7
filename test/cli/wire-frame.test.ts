import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readyProtocol } from '../../src/cli/ready-protocols.ts'
import { wireFrame } from '../../src/cli/wire-frame.ts'
import { describeDeadLetter } from '../../src/gateway/describe-dead-letter.ts'
import { type ReadFrame, readDeadLetter } from '../../src/gateway/read-dead-letter.ts'
import { embed, memoryHub } from '../../src/testing.ts'
import { flipped, location, login } from '../pipelines/gt06-frames.ts'

/** The frames that a ready pipeline refuses of what a device sends, read from their letters. */
async function refused(name: string, sent: readonly Buffer[]): Promise<ReadFrame[]> {
  const frames: ReadFrame[] = []
  const device = embed(
    readyProtocol(name)
      .decode(memoryHub())
      .with({ policy: () => 'dead-letter' }),
    {
      onDeadLetter(letter, connection) {
        const read = readDeadLetter(JSON.stringify(describeDeadLetter(letter, connection)))
        if (read.kind === 'frame') frames.push(read)
      },
    },
  )
  for (const bytes of sent) device.write(bytes)
  device.end()
  await device.ended()
  return frames
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

for (const [name, what, sent, bad] of [
  ['gt06', 'a check that is wrong', [login()], flipped(location(2))],
  ['mllp', 'no message', [], Buffer.from('\x0bnonsense\x1c\r')],
  ['jt808', 'a check that is wrong, with escapes', [], hex('7e 00 02 00 00 01 23 45 67 89 01 7d 02 01 ff 7e')],
  ['jt808', 'an unknown header, with escapes', [], hex('7e 7d 01 7d 02 7d 01 7d 02 7e')],
] as const) {
  test(`${name}: a frame that is refused for ${what} comes back as it was on the wire`, async () => {
    const frames = await refused(name, [...sent, bad])
    assert.deepEqual(frames.map(wireFrame), [bad.toString('hex')])
  })
}

test('frames of other pipelines, of stages that are not there, and frames that were cut are left alone', async () => {
  const [frame] = (await refused('mllp', [Buffer.from('\x0bnonsense\x1c\r')])) as [ReadFrame]
  assert.notEqual(wireFrame(frame), undefined)
  for (const other of [{ pipeline: 'mine' }, { stage: 'mine.up' }, { stage: undefined }, { isCut: true }]) {
    assert.equal(wireFrame({ ...frame, ...other }), undefined)
  }
})
