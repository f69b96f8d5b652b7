import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import type { Framing } from '../../src/core/framing.ts'
import * as headgate from '../../src/index.ts'
import { roundTrip, splitInvariant } from '../../src/testing.ts'
import { deframe } from './cutting.ts'
import { byHand } from './field/by-hand.ts'
import { delimiters, lengths, others, type Shape } from './field/census.ts'
import { industry } from './field/industry.ts'
import { messages } from './field/messages.ts'
import { byHandPage, protocolsPage, shapesPage, withSection } from './field/page.ts'
import { expressionsIn, framesOf } from './field/protocol.ts'
import { trackersBinary } from './field/trackers-binary.ts'
import { trackersLengths } from './field/trackers-lengths.ts'
import { trackersMixed } from './field/trackers-mixed.ts'
import { trackersText } from './field/trackers-text.ts'

const document = resolve('docs', 'framing-of-the-field.md')
const files = ['industry', 'messages', 'trackers-binary', 'trackers-lengths', 'trackers-mixed', 'trackers-text']
const protocols = [...trackersText, ...trackersMixed, ...trackersLengths, ...trackersBinary, ...industry, ...messages]
const written = new Map(
  files.flatMap((file) => [...expressionsIn(readFileSync(resolve('test', 'stages', 'field', `${file}.ts`), 'utf8'))]),
)
const hexOf = (frames: readonly Buffer[]) => frames.map((each) => each.toString('hex'))

/** What an expression of the document makes for somebody who has imported what Headgate exports. */
function made(expression: string): Framing {
  const names = Object.keys(headgate)
  return new Function(...names, `return ${expression}`)(...names.map((name) => Reflect.get(headgate, name)))
}

describe('the framing of the field', () => {
  for (const entry of protocols) {
    const { protocol, framing, wire, down } = entry
    const frames = framesOf(entry)

    test(`${protocol}: two of each frame, glued, come out one by one in every cutting`, async () => {
      const twice = [...wire, ...wire]
      const { frames: got, errors } = deframe(framing(), [Buffer.concat(twice)])
      assert.deepEqual(hexOf(got), hexOf([...frames, ...frames]))
      assert.deepEqual(errors, [])
      await splitInvariant(framing(), twice)
    })

    test(`${protocol}: what came up goes down, and comes up again`, async () => {
      const sent = await roundTrip(framing(), frames)
      const same = sent.equals(Buffer.concat(wire))
      assert.equal(same, down === undefined, `${sent.toString('hex')} instead of ${hexOf(wire).join('')}`)
    })
  }

  test('no protocol is named twice, and more than thirty are', () => {
    const names = protocols.map((each) => each.protocol)
    assert.deepEqual(names, [...new Set(names)])
    assert.ok(names.length > 30)
  })

  test('every delimiter that Traccar names ends a frame here, in every cutting', async () => {
    for (const { expression, sample = 'a' } of delimiters) await roundTrip(made(expression), [Buffer.from(sample)])
  })

  test('every length field that Traccar describes says what Netty would read, in every cutting', async () => {
    for (const { traccar, expression } of lengths) {
      const framing = made(expression)
      const [offset = 0, bytes = 0, adjustment = 0] = traccar.split(', ').map(Number)
      const wire = [200, 130].map((length) => framing.frame(Buffer.alloc(length)))
      for (const each of wire) {
        const field = each.subarray(offset, offset + bytes)
        const length = traccar.includes('little') ? field.readUIntLE(0, bytes) : field.readUIntBE(0, bytes)
        assert.equal(offset + bytes + adjustment + length, each.length, expression)
      }
      assert.deepEqual(hexOf(deframe(framing, wire).frames), hexOf(wire), expression)
      await splitInvariant(framing, wire)
    }
  })

  test('every other way to frame is made of what Headgate exports', () => {
    for (const { expression } of others) assert.ok(made(expression).maxBytes > 0, expression)
  })

  test('the expressions that the document shows make what was tested', () => {
    assert.deepEqual([...written.keys()].sort(), protocols.map((each) => each.protocol).sort())
    for (const entry of protocols) {
      const { frames } = deframe(made(written.get(entry.protocol) as string), [Buffer.concat(entry.wire)])
      assert.deepEqual(hexOf(frames), hexOf(framesOf(entry)), entry.protocol)
    }
  })

  test('a decoder written by hand has an expression here, or it is said why not', () => {
    for (const { protocols: names, here, but } of byHand) {
      if (here === undefined) assert.ok(but !== undefined, names)
      else assert.ok(written.has(here), here)
    }
  })

  test('the document counts what its tables have', () => {
    const count = (shapes: readonly Shape[]) => shapes.flatMap((each) => each.protocols.split(', ')).length
    const page = readFileSync(document, 'utf8')
    const lines = others.filter((each) => each.traccar === 'line')
    assert.ok(page.includes(`| delimiter | 54 | ${count(delimiters)} |`))
    assert.ok(page.includes(`| length field | 43 | ${count(lengths)} |`))
    assert.ok(page.includes(`| line | 38 | ${count(lines)} |`))
    assert.ok(page.includes(`| 76 | ${byHand.length} decoders, one by its test |`))
  })

  test('docs/framing-of-the-field.md has all of them; UPDATE_DOCS=1 writes them anew', () => {
    const sections: readonly (readonly [string, string])[] = [
      ['protocols', protocolsPage(protocols, written)],
      ['delimiters', shapesPage(delimiters)],
      ['lengths', shapesPage(lengths)],
      ['others', shapesPage(others)],
      ['by hand', byHandPage(byHand)],
    ]
    const was = readFileSync(document, 'utf8')
    const is = sections.reduce((page, [name, content]) => withSection(page, name, content), was)
    if (process.env.UPDATE_DOCS === '1') writeFileSync(document, is)
    assert.equal(readFileSync(document, 'utf8'), is)
  })
})
