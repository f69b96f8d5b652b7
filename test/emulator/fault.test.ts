import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HubError } from '../../src/emulator/errors.ts'
import { parseFault } from '../../src/emulator/fault.ts'

describe('the body of a fault', () => {
  it('is taken when every field is right', () => {
    for (const fault of [
      { device: 'd1', operation: 'settle', expireLocks: true, count: 1 },
      { latencyMs: 5, hang: true, reset: 'after', status: 599, retryAfterSeconds: 0, probability: 0.5, seed: -1 },
      { throttle: { perSecond: 0.1, burst: 1 } },
      { throttle: { tier: 'S3', units: 200 } },
      { dailyQuota4kMeters: 0 },
    ]) {
      assert.equal(parseFault(fault), fault)
    }
  })

  it('is refused with 400004 that names the field which is wrong', () => {
    const refused: [string, object][] = [
      ['device', { device: '' }],
      ['operation', { operation: 'sends' }],
      ['count', { count: 0 }],
      ['probability', { probability: 2 }],
      ['seed', { seed: 0.5 }],
      ['latencyMs', { latencyMs: '5' }],
      ['hang', { hang: false }],
      ['reset', { reset: 'during' }],
      ['status', { status: 200 }],
      ['retryAfterSeconds', { retryAfterSeconds: -1 }],
      ['throttle', { throttle: {} }],
      ['throttle', { throttle: { perSecond: 0 } }],
      ['throttle', { throttle: { tier: 'S4' } }],
      ['throttle', { throttle: { tier: 'S1', burst: 1 } }],
      ['dailyQuota4kMeters', { dailyQuota4kMeters: 1.5 }],
      ['expireLocks', { expireLocks: 1 }],
      ['delay', { delay: 5 }],
      ['__proto__', JSON.parse('{"__proto__": 1}')],
    ]
    for (const [field, fault] of refused) {
      const named = (error: unknown) =>
        error instanceof HubError && error.code === 400004 && error.message.startsWith(`${field} `)
      assert.throws(
        () => parseFault({ ...fault, ...(field === '__proto__' ? {} : { hang: true }), ...fault }),
        named,
        field,
      )
    }
  })

  it('is refused when it is no object or has no effect', () => {
    for (const value of [null, [], 'hang', {}, { device: 'd1', count: 1 }]) {
      assert.throws(() => parseFault(value), { code: 400004 })
    }
  })
})
