import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import { type DecodeFlags, decode } from '../../src/cli/decode.ts'
import { smallFrame, smallProtocol } from './small-protocol.ts'

const hex = (text: string) => smallFrame(text).toString('hex')

/** The lines that the command writes for the lines it is given. */
async function decoded(lines: readonly string[], flags: Partial<DecodeFlags> = {}): Promise<string[]> {
  const output = new PassThrough()
  const defaults = { chunks: false, hub: 'accept', annotate: false } as const
  await decode(smallProtocol, { ...defaults, ...flags }, Readable.from(`${lines.join('\n')}\n`), output)
  output.end()
  const text = Buffer.concat(await output.toArray()).toString()
  return text.split('\n').slice(0, -1)
}

const down = (text: string) => `{"down":"${smallFrame(text).toString('hex')}"}`
const login = '{"up":{"kind":"hello","deviceId":"d1","body":{"kind":"login","id":"d1"},"properties":{}}}'
const reading = (tag: string) =>
  `{"up":{"kind":"telemetry","deviceId":"d1","body":{"kind":"reading","text":"${tag}"},` +
  `"properties":{"protocol":"small","type":"reading"},"messageId":"small-${tag}"}}`

test('each frame shows what went up and what was answered, and the login is kept over the lines', async () => {
  assert.deepEqual(await decoded([hex('Hd1'), hex('R1'), hex('R2'), hex('P')]), [
    login,
    down('W'),
    reading('1'),
    down('K1'),
    reading('2'),
    down('K2'),
    down('Q'),
  ])
})

test('the hub that rejects and the hub that holds show in the answers', async () => {
  const frames = [hex('Hd1'), hex('R1'), hex('P')]
  const rejected = await decoded(frames, { hub: 'reject' })
  assert.deepEqual(rejected, [
    login,
    down('W'),
    reading('1'),
    '{"error":{"code":"HUB_REJECTED","message":"the hub was told to reject","stage":"hub.up"}}',
    down('N1'),
    down('Q'),
  ])
  assert.deepEqual(await decoded(frames, { hub: 'hold' }), [login, down('W'), reading('1'), down('Q')])
})

test('with --hello the device is known from the start', async () => {
  assert.deepEqual(await decoded([hex('R1')], { hello: 'd1' }), [reading('1'), down('K1')])
  const [, error, ...others] = await decoded([hex('R1')])
  assert.match(error ?? '', /"code":"NOT_IDENTIFIED"/)
  assert.deepEqual(others, [], 'nothing is answered')
})

test('a frame that is refused is told, and those after it are shown as before', async () => {
  const lines = await decoded([hex('Hd1'), hex('Z'), hex('R1')])
  assert.deepEqual(lines, [
    login,
    down('W'),
    '{"error":{"code":"BAD_CONTENT","message":"a frame of 1 bytes begins with no letter of the protocol","stage":"small.up"}}',
    reading('1'),
    down('K1'),
  ])
})

test('a line that is half a frame is told as such at once, and the login outlives it', async () => {
  const lines = await decoded([hex('Hd1'), hex('R1').slice(0, 4), hex('R2')])
  assert.deepEqual(lines.slice(2), [
    '{"error":{"code":"FRAME_UNTERMINATED","message":"the connection ended 2 bytes into a frame of 3 bytes","stage":"lengthField.up"}}',
    reading('2'),
    down('K2'),
  ])
})

test('with --chunks the lines are pieces of one stream', async () => {
  const whole = hex('Hd1') + hex('R1') + hex('R2')
  for (let at = 2; at < whole.length; at += 2) {
    const lines = await decoded([whole.slice(0, at), whole.slice(at)], { chunks: true })
    assert.deepEqual(
      lines.filter((line) => !line.includes('"down"')),
      [login, reading('1'), reading('2')],
      `cut at ${at}`,
    )
  }
  const cut = await decoded([whole.slice(0, -2)], { chunks: true })
  assert.match(cut.at(-1) ?? '', /FRAME_UNTERMINATED/)
})

test('the frame of another device begins a connection of its own', async () => {
  const lines = await decoded([hex('Hd1'), hex('Hd2'), hex('R1')])
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { up?: { deviceId: string } }).up?.deviceId ?? line),
    ['d1', down('W'), 'd2', down('W'), 'd2', down('K1')],
  )
})

test('after a frame that ended the connection the next one is shown on a new one', async () => {
  const lines = await decoded([hex('Hd1'), 'ff0000', hex('R1')])
  assert.match(lines[2] ?? '', /FRAME_TOO_LONG/)
  assert.deepEqual(lines.slice(3), [reading('1'), down('K1')])
})

test('blanks, colons, 0x, comments and empty lines are read over; what is not hexadecimal is told by its line', async () => {
  const lines = await decoded(['# a login', '', '0x03 48:64 31', 'xyz', '123', hex('R1')])
  assert.deepEqual(lines, [
    login,
    down('W'),
    '{"error":{"code":"BAD_CONTENT","message":"line 4 is not an even number of hexadecimal digits","stage":"decode"}}',
    '{"error":{"code":"BAD_CONTENT","message":"line 5 is not an even number of hexadecimal digits","stage":"decode"}}',
    reading('1'),
    down('K1'),
  ])
})

test('--annotate prints the table of the bytes, or why there is none', async () => {
  assert.deepEqual(await decoded([hex('R1'), '05'], { annotate: true }), [
    'length 2',
    '{"error":{"code":"BAD_CONTENT","message":"the length is another","stage":"annotate"}}',
  ])
})
