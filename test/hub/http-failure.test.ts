import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../src/core/errors.ts'
import { httpError, networkError } from '../../src/hub/http-failure.ts'

const failure = (status: number, body = '', retryAfter?: string) => ({ status, body, retryAfter })
const classic = (name: string) =>
  JSON.stringify({ Message: `ErrorCode:${name};words`, ExceptionMessage: 'Tracking ID:1' })
const second = (errorCode: number) => JSON.stringify({ errorCode, message: 'words', trackingId: '1' })

for (const [status, body, code] of [
  [400, classic('ArgumentInvalid'), 'HUB_REJECTED'],
  [401, classic('IotHubUnauthorizedAccess'), 'UNAUTHORIZED'],
  [401, second(401002), 'UNAUTHORIZED'],
  [403, classic('IotHubQuotaExceeded'), 'HUB_QUOTA_EXCEEDED'],
  [403, second(403002), 'HUB_QUOTA_EXCEEDED'],
  [403, classic('IotHubSuspended'), 'HUB_UNAVAILABLE'],
  [403, second(403004), 'HUB_REJECTED'],
  [404, classic('DeviceNotFound'), 'DEVICE_NOT_FOUND'],
  [408, '', 'HUB_TIMEOUT'],
  [409, '', 'HUB_REJECTED'],
  [412, classic('DeviceMessageLockLost'), 'LOCK_LOST'],
  [413, classic('MessageTooLarge'), 'MESSAGE_TOO_LARGE'],
  [429, classic('ThrottlingException'), 'HUB_THROTTLED'],
  [429, second(429002), 'HUB_THROTTLED'],
  [500, '', 'HUB_UNAVAILABLE'],
  [502, '<html>proxy</html>', 'HUB_UNAVAILABLE'],
  [503, second(503001), 'HUB_UNAVAILABLE'],
  [302, '', 'HUB_UNAVAILABLE'],
  [200, '<html>', 'HUB_UNAVAILABLE'],
  [403, 'blocked by firewall', 'HUB_UNAVAILABLE'],
] as const) {
  test(`${status} ${body.slice(0, 40)} is ${code}`, () => {
    assert.equal(httpError(failure(status, body)).code, code)
  })
}

const now = Date.parse('2026-03-01T12:00:00Z')
for (const [value, ms] of [
  ['3', 3000],
  ['0', 0],
  ['0.5', 500],
  ['-7', 0],
  ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
  ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
  ['soon', undefined],
  ['Infinity', undefined],
  [undefined, undefined],
] as const) {
  test(`Retry-After '${value}' is ${ms} ms`, () => {
    assert.equal(httpError(failure(429, '', value), now).retryAfterMs, ms)
  })
}

test('the hub is quoted in one line of at most 200 characters', () => {
  const { message } = httpError(failure(400, `a\n\tb${'c'.repeat(1000)}`))
  assert.match(message, /^the hub answered 400: a bc+$/)
  assert.equal(message.length, 'the hub answered 400: '.length + 200)
  assert.equal(httpError(failure(400)).message, 'the hub answered 400')
})

test('a signature that an answer echoes is not quoted', () => {
  const token = 'SharedAccessSignature sr=h%2Fdevices%2Fd1&sig=c2VjcmV0%3D&se=1'
  for (const body of [token, JSON.stringify({ Message: `bad header ${token}` }), `Sig=c2VjcmV0%3D"`]) {
    const { message } = httpError(failure(401, body))
    assert.ok(!message.includes('c2VjcmV0'), message)
    assert.match(message, /sig=\[secret\]/i)
  }
})

test('any answer makes a GatewayError and nothing else', () => {
  const retryAfter = fc.option(fc.string(), { nil: undefined })
  fc.assert(
    fc.property(fc.integer({ min: 300, max: 599 }), fc.string(), retryAfter, (status, body, after) => {
      const error = httpError(failure(status, body, after), now)
      assert.ok(error instanceof GatewayError)
      assert.ok(error.retryAfterMs === undefined || error.retryAfterMs >= 0)
    }),
  )
})

test('a request without an answer is HUB_UNAVAILABLE with the code of the system', () => {
  const error = networkError(Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:443'), { code: 'ECONNREFUSED' }))
  assert.equal(error.code, 'HUB_UNAVAILABLE')
  assert.equal(error.message, 'the hub cannot be reached: ECONNREFUSED')
  assert.equal(networkError(new Error('words')).message, 'the hub cannot be reached: words')
})

test('an error that is ours already stays what it is', () => {
  const timeout = new GatewayError('HUB_TIMEOUT', 'late')
  assert.equal(networkError(timeout), timeout)
})
