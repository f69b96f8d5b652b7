import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { maskSecrets } from '../../src/gateway/mask-secrets.ts'

const masked = (text: string) => maskSecrets(Buffer.from(text)).toString()

const deviceKey = Buffer.alloc(32, 0xa5).toString('base64')

test('credentials become as many asterisks, and what is around them stays', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['{"$hello":{"deviceId":"d1","key":"abc"}}', '{"$hello":{"deviceId":"d1","key":"***"}}'],
    ['{"sas" : "a\\"b", "t":1}', '{"sas" : "****", "t":1}'],
    ['{"\\u006bey":"abc"}', '{"\\u006bey":"***"}'],
    ['{"$key":123,"t":1}', '{"$key":***,"t":1}'],
    ['{"key":["abc"]}', `{"key":${'*'.repeat(8)}`],
    ['"key":"abc', '"key":"***'],
    ['key":"abc"}', 'key":"***"}'],
    ['SharedAccessSignature sr=h%2Fd&sig=a%2Bb&se=1', 'SharedAccessSignature sr=h%2Fd&sig=*****&se=1'],
    ['HostName=h;DeviceId=d;SharedAccessKey=ab/=', 'HostName=h;DeviceId=d;SharedAccessKey=****'],
    ['id=d1;key=abc;t=20', 'id=d1;key=***;t=20'],
    ['password: abc\r\n', 'password: ***\r\n'],
    [`LOGIN,d1,${deviceKey},1`, `LOGIN,d1,${'*'.repeat(44)},1`],
    ['{"monkey":"abc","keys":"abc"}', '{"monkey":"abc","keys":"abc"}'],
    ['{"t":20,"site":"a"}', '{"t":20,"site":"a"}'],
  ]
  for (const [text, expected] of cases) assert.equal(masked(text), expected)
})

test('bytes without a credential are the same Buffer, and no masking changes how many there are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.equal(maskSecrets(Buffer.from(bytes)).length, bytes.length)
    }),
  )
  const plain = Buffer.from([0x78, 0x78, 0xff, 0x00, 0x22, 0x0d, 0x0a])
  assert.equal(maskSecrets(plain), plain)
})

test('a key in a hello line is never left, wherever the line is cut and whatever stands around it', () => {
  const key = fc.oneof(
    fc.base64String({ minLength: 8, maxLength: 88 }),
    // What is cut within an escape may keep the quote that it escapes.
    fc.string({ minLength: 8, maxLength: 30 }).filter((text) => !/["\\*]/.test(text) && text.trim().length > 3),
  )
  const name = fc.constantFrom('key', 'sas', 'KEY', '$key', 'password', 'token')
  const junk = fc.string({ maxLength: 20 })
  fc.assert(
    fc.property(key, name, junk, junk, fc.nat(300), (key, name, before, after, cut) => {
      const written = JSON.stringify(key)
      const head = `${before}{"$hello":{"deviceId":"d1","${name}":"`
      const line = `${head}${written.slice(1)},"t":1}}${after}`
      const left = masked(line.slice(0, cut))
      // What the line has behind the name, as far as the cut, is asterisks.
      const secret = left.slice(head.length, Math.min(cut, head.length + written.length - 2))
      if (!before.includes('"') && !before.includes('\\')) assert.match(secret, /^\**$/)
      assert.ok(!left.includes(written.slice(1, -1)) || cut < head.length + 8)
    }),
    { numRuns: 1000 },
  )
})

test('masking costs time in proportion to the bytes, whatever they are', () => {
  // A pattern that tried again from every quote or letter would take minutes.
  const length = 1_000_000
  for (const unit of ['"', '\\"', '"a', '"key":"', 'key=', 'a', 'sig=', '"\\u006b', 'A/', '"key":{', '" ', '": ']) {
    const bytes = Buffer.from(unit.repeat(length / unit.length))
    assert.equal(maskSecrets(bytes).length, bytes.length)
  }
})
