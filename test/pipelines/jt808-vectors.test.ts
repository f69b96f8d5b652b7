import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DecodeSession } from '../../src/cli/decode-session.ts'
import { jt808Ready } from '../../src/cli/ready/jt808.ts'
import type { Hub } from '../../src/hub/port.ts'
import { encodeBody } from '../../src/stages/jt808/bodies.ts'
import { type Terminal, writeMessage } from '../../src/stages/jt808/message.ts'
import { seeded } from '../../src/testing.ts'
import { framesIn, messagesIn, TestTerminal, wireOf, withoutSerials } from '../stages/jt808/terminal.ts'
import { type Vector, vectorsOf } from '../stages/vectors.ts'
import { assertContains, runVector, type ShownUp, type VectorRun } from './vector-runs.ts'

const vectors = vectorsOf('jt808') ?? []
const errors = vectors.filter(({ expected }) => expected.kind === 'error')
const good = vectors.filter(({ expected }) => expected.kind !== 'error')

const decode = (to: Hub) => jt808Ready.decode(to)

/** A remark of the vectors' author on the list that a 0x1205 holds: `2+4+35*28=986`. */
const remark = 'consistent'

const wire = ({ hex }: Vector) => Buffer.from(hex, 'hex')

/** What went up, but for the hellos that only the id in a header said. */
function saidIn({ ups }: VectorRun): readonly ShownUp[] {
  return ups.filter(({ kind, body }) => kind !== 'hello' || body !== null)
}

/** What waits for the hub is overtaken by what is answered at once, and by how much is a matter of the moment. */
function inAnyOrder(run: VectorRun): object {
  return { ...run, down: withoutSerials(Buffer.from(run.down, 'hex')).sort() }
}

function assertRun(run: VectorRun, vector: Vector): void {
  const { expected, name, ack_hex = '', ack_optional_hex } = vector
  const said = saidIn(run)
  if (expected.kind === 'stream') {
    assert.equal(said.length, expected.frames?.length, name)
    assert.deepEqual(
      said.map(({ body }) => body.serial),
      (expected.frames as readonly string[]).map((hex) => messagesIn(Buffer.from(hex, 'hex'))[0]?.serial),
      name,
    )
    // A server counts its own serials.
    assert.deepEqual(withoutSerials(Buffer.from(run.down, 'hex')), withoutSerials(Buffer.from(ack_hex, 'hex')), name)
    const unfinished = run.errors.filter(({ code }) => code === 'FRAME_UNTERMINATED')
    assert.equal(unfinished.length, expected.pending_hex === '' ? 0 : 1, name)
    return
  }
  const { [remark]: _, ...fields } = expected
  assert.equal(said.length, 1, `${name}: ${JSON.stringify(run)}`)
  assertContains(said[0]?.body, fields, name)
  assert.deepEqual(run.errors, [], name)
  assert.ok([ack_hex, ack_optional_hex].includes(run.down), `${name}: ${run.down} instead of ${ack_hex}`)
}

/** Codes of refusal by the kinds of the vectors, and what their messages say. */
const refusals: Readonly<Record<string, { readonly code: string; readonly says: RegExp }>> = {
  checksum: { code: 'CHECKSUM_MISMATCH', says: /^XOR is 0x[\da-f]{2}, the frame says 0x[\da-f]{2}$/ },
  escape: { code: 'FRAME_DAMAGED', says: /7d03 .*is no escape/ },
  flags: { code: 'FRAME_UNTERMINATED', says: /^the connection ended 7 bytes into a frame$/ },
  header: { code: 'BAD_CONTENT', says: /^the header of a message of 7 bytes is cut short$/ },
  body: { code: 'BAD_CONTENT', says: /^the header of a 0x\w{4} says \d+ bytes of body, \d+ are there$/ },
}

function assertRefused(run: VectorRun, { expected, name, hex }: Vector): void {
  const { code, says } = refusals[expected.error as string] as (typeof refusals)[string]
  assert.deepEqual(saidIn(run), [], name)
  assert.deepEqual(
    run.errors.map((error) => error.code),
    [code],
    name,
  )
  assert.match(run.errors[0]?.message as string, says, name)
  // A terminal's message with a whole header says whom to tell that it was wrong: 8001, result 2.
  const isTerminals = Number.parseInt(hex.slice(2, 6), 16) < 0x8000
  if (expected.error === 'body' && isTerminals) assert.match(run.down, /^7e8001\w+02\w{2}7e$/, name)
  else assert.equal(run.down, '', name)
}

function assertVector(run: VectorRun, vector: Vector): void {
  if (vector.expected.kind === 'error') assertRefused(run, vector)
  else assertRun(run, vector)
}

function terminalOf({ version, protocol_version, terminal_id_hex }: Vector['expected']): Terminal {
  return {
    version2019: version === '2019',
    protocolVersion: (protocol_version as number | null) ?? undefined,
    terminalIdHex: terminal_id_hex as string,
  }
}

describe(`JT/T 808: ${vectors.length} frames of real devices and of other implementations`, () => {
  test(`${good.length} are decoded and answered as expected, ${errors.length} are refused for the right reason`, async () => {
    for (const vector of vectors) assertVector(await runVector(decode, [wire(vector)]), vector)
    if (vectors.length > 0) assert.deepEqual([good.length, errors.length], [86, 9])
  })

  test('the same byte by byte', async () => {
    for (const vector of vectors) {
      assertVector(
        await runVector(
          decode,
          [...wire(vector)].map((byte) => Buffer.of(byte)),
        ),
        vector,
      )
    }
  })

  test('the same at every single cut in the first and the last 64 bytes', async () => {
    const frames = vectors.map(wire)
    const whole = await runVector(decode, frames)
    // All on one connection, each frame cut at the same place: a connection for each cut of each would take its time.
    for (let place = 1; place <= 64; place++) {
      const first = ({ length }: Buffer) => Math.min(place, length)
      const last = ({ length }: Buffer) => Math.max(length - place, 0)
      for (const cut of [first, last]) {
        const chunks = frames.flatMap((frame) => [frame.subarray(0, cut(frame)), frame.subarray(cut(frame))])
        const run = await runVector(
          decode,
          chunks.filter(({ length }) => length > 0),
        )
        assert.deepEqual(inAnyOrder(run), inAnyOrder(whole), `cut at ${place}`)
      }
    }
  })

  const seed = Math.floor(Math.random() * 2 ** 31)

  test(`the same at random cuts, seed ${seed}`, async () => {
    const random = seeded(seed)
    for (const vector of vectors) {
      const bytes = wire(vector)
      const chunks: Buffer[] = []
      for (let at = 0; at < bytes.length; ) {
        const to = at + 1 + Math.floor(random() * 40)
        chunks.push(bytes.subarray(at, to))
        at = to
      }
      assertVector(await runVector(decode, chunks), vector)
    }
  })

  test('the same as a line of its own', async () => {
    for (const vector of vectors) {
      const run = await runVector(decode, [wire(vector)], { framed: true })
      const said = saidIn(run).length
      assert.equal(said, vector.expected.kind === 'error' ? 0 : (vector.expected.frames?.length ?? 1), vector.name)
    }
  })

  test('glued between two others, which are answered as they are alone', async () => {
    for (const vector of vectors) {
      const { terminal_id = '13800000001', terminal_id_hex = terminal_id, version } = vector.expected
      const neighbour = new TestTerminal(String(terminal_id_hex), version === '2019')
      const [before, after] = [neighbour.heartbeat(), neighbour.locate()]
      const run = await runVector(decode, [Buffer.concat([before, wire(vector), after])])
      const kinds = saidIn(run).map(({ body }) => body.kind)
      assert.equal(kinds[0], 'heartbeat', vector.name)
      assert.ok(kinds.includes('location'), vector.name)
      const answers = messagesIn(Buffer.from(run.down, 'hex')).map(({ reply_serial }) => reply_serial)
      assert.ok(
        [1, 2].every((serial) => answers.includes(serial)),
        vector.name,
      )
      if (vector.expected.kind === 'error') {
        const { code } = refusals[vector.expected.error as string] as (typeof refusals)[string]
        // One cut short is ended by the flag of the next, and no longer by the end of the connection.
        const seen = vector.expected.error === 'flags' ? 'CHECKSUM_MISMATCH' : code
        assert.ok(run.errors.map((error) => error.code).includes(seen), `${vector.name}: ${JSON.stringify(run.errors)}`)
      } else if (vector.expected.kind !== 'stream') {
        const { [remark]: _, ...fields } = vector.expected
        const own = saidIn(run).filter(({ body }) => body.kind === fields.kind)
        const at = fields.kind === 'heartbeat' ? 1 : 0
        // A sub-package that stays alone goes up at the end.
        assertContains(own[at]?.body, fields, vector.name)
      }
    }
  })

  const ofServers = good.filter(({ direction }) => direction === 'server_to_device')

  test(`${ofServers.length} of servers are what the encoder makes of their fields`, () => {
    for (const { name, hex, expected } of ofServers) {
      const terminal = terminalOf(expected)
      const id = Number(expected.message_id)
      const body = encodeBody(id, expected, terminal.version2019)
      const made = wireOf(writeMessage(terminal, { id, serial: expected.serial as number, body }))
      assert.equal(made.toString('hex'), hex, name)
    }
    if (vectors.length > 0) assert.equal(ofServers.length, 16)
  })

  test('those of terminals come back from their decoded fields, byte for byte', async () => {
    const whole = ['error', 'stream', 'reassembled', 'subpackage', 'encrypted']
    // Its device id is filled up with zeros in front, which nobody does twice.
    const others = good.filter(({ expected, name }) => !whole.includes(expected.kind) && !name.endsWith('traccar-L334'))
    for (const vector of others) {
      const { expected } = vector
      const [said] = saidIn(await runVector(decode, [wire(vector)]))
      const terminal = terminalOf(expected)
      const id = Number(expected.message_id)
      const made = writeMessage(terminal, {
        id,
        serial: expected.serial as number,
        body: encodeBody(id, said?.body, terminal.version2019),
      })
      assert.deepEqual(framesIn(wire(vector)), [made], vector.name)
    }
  })

  test('the list of a joined 0x1205 has the length that its count says', async () => {
    const vector = vectors.find(({ expected }) => expected.kind === 'reassembled')
    if (vector === undefined) return
    const [said] = saidIn(await runVector(decode, [wire(vector)]))
    assert.equal(2 + 4 + 28 * said?.body.resource_count, said?.body.body_length)
  })
})

test('all of them pasted into one session, a line each, go up as they do alone: each terminal has a connection of its own', async () => {
  const session = new DecodeSession(decode, { hub: 'accept', hello: undefined, framed: true })
  const lines: string[] = []
  for (const vector of vectors) lines.push(...(await session.push(wire(vector))))
  lines.push(...(await session.end()))
  const bodies = lines.flatMap((line) => (JSON.parse(line) as { up?: ShownUp }).up?.body ?? [])
  for (const { name, expected } of vectors) {
    if (['error', 'stream'].includes(expected.kind)) continue
    const { [remark]: _, ...fields } = expected
    const alike = bodies.filter(({ kind, terminal_id }) => kind === fields.kind && terminal_id === fields.terminal_id)
    assert.ok(
      alike.some((body) => contains(body, fields)),
      name,
    )
  }
})

function contains(actual: unknown, expected: unknown): boolean {
  try {
    assertContains(actual, expected)
    return true
  } catch {
    return false
  }
}
