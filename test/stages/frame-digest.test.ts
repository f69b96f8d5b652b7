import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { frameDigest } from '../../src/stages/frame-digest.ts'

test('the digest of a frame that is sent again is the same, that of another frame is another', () => {
  const bytes = fc.uint8Array({ maxLength: 100 })
  fc.assert(
    fc.property(bytes, bytes, (one, other) => {
      assert.match(frameDigest(one), /^[\da-f]{12}$/)
      assert.equal(frameDigest(one) === frameDigest(other), Buffer.compare(one, other) === 0)
    }),
  )
})

test('frames that differ in one bit have other digests, in half of their bits on average', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 70 })
  let flips = 0
  let changed = 0
  fc.assert(
    fc.property(bytes, fc.nat(), (frame, place) => {
      const bit = place % (frame.length * 8)
      const other = frame.slice()
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7))
      changed += bitsOf(frameDigest(frame), frameDigest(other))
      flips++
    }),
    { numRuns: 1000, seed: 1 },
  )
  assert.ok(Math.abs(changed / flips - 24) < 0.5, `${changed / flips} of 48 bits`)
})

test('two hundred thousand frames that resemble each other have as many digests', () => {
  const digests = new Set<string>()
  for (let count = 0; count < 100_000; count++) {
    digests.add(frameDigest(`{"t":${count}}`))
    digests.add(frameDigest(Buffer.of(count >> 16, (count >> 8) & 0xff, count & 0xff)))
  }
  assert.equal(digests.size, 200_000)
})

test('a digest is the beginning of MurmurHash3_x86_128', () => {
  // Of MurmurHash-Swift's tests: every number of bytes in the last word, up to three words behind a block (a word's leading zeros are lost there).
  const published: Readonly<Record<string, string>> = {
    '': '000000000000',
    H: 'f69feb5df456',
    He: '47f82b373b8f',
    Hel: '7b0cd2cdcc2b',
    Hell: '7f771597e65b',
    Hello: '2360ae465e63',
    'Hello ': '497dc9d9b73b',
    'Hello W': '3d021fe8d111',
    'Hello Wo': 'db37ce0fe9a9',
    'Hello Wor': '107e2665706f',
    'Hello World!': '6bee9883eb1b',
    'Hello World! ': 'c85c2fe13e57',
    'Hello World! H': 'aaadb4452b35',
    'Hello World! He': '784f7f08ab14',
    'Hello World! Hel': '82475db0161f',
    'Hello World! Hell': 'a0cf95de87e6',
    'Hello World! Hello World!': '86163d2b245b',
    'Hello World! Hello World! Hello': '1f806c1c9e41',
    'Hello World! Hello World! Hello ': '4855a598c76f',
    'Hello World! Hello World! Hello Worl': '436b1e30e435',
    メロスは激: 'e0de0a4c08c5',
  }
  for (const [text, digest] of Object.entries(published)) {
    assert.equal(frameDigest(text), digest, text)
    assert.equal(frameDigest(new Uint8Array(Buffer.from(text))), digest, text)
  }
})

function bitsOf(one: string, other: string): number {
  let difference = BigInt(`0x${one}`) ^ BigInt(`0x${other}`)
  let bits = 0
  for (; difference > 0n; difference >>= 1n) bits += Number(difference & 1n)
  return bits
}
