import assert from 'node:assert/strict'
import { GatewayError } from '../../../src/core/errors.ts'
import { type Field, struct } from '../../../src/struct.ts'

/** A struct of one field, `v`. */
export function only<T>(field: Field<T, 'value'>) {
  return struct('only', { v: field })
}

export function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex')
}

/** Asserts that these bytes are that value, both ways. */
export function bothWays<T>(field: Field<T, 'value'>, wire: string, value: T): void {
  const schema = only(field)
  assert.deepEqual(schema.decode(bytesOf(wire)), { v: value }, `${field.type} ${wire}`)
  const encoded = schema.encode({ v: value } as ReturnType<typeof schema.decode>)
  assert.equal(encoded.toString('hex'), wire.replaceAll(' ', ''), `${field.type} ${wire}`)
}

/** Asserts that the bytes are refused with these words. */
export function refusesBytes<T>(field: Field<T, 'value'>, wire: string, message: RegExp): void {
  assert.throws(() => only(field).decode(bytesOf(wire)), { name: 'GatewayError', code: 'BAD_CONTENT', message })
}

/** Asserts that a value, also one that the compiler would not let through, is refused with these words. */
export function refusesValue<T>(field: Field<T, 'value'>, value: unknown, message: RegExp): void {
  const schema = only(field)
  assert.throws(() => schema.encode({ v: value } as ReturnType<typeof schema.decode>), {
    name: 'GatewayError',
    code: 'BAD_CONTENT',
    message,
  })
}

/** Asserts that a field cannot be made. */
export function refusesOptions(make: () => unknown, message: RegExp): void {
  assert.throws(make, (thrown) => {
    assert.ok(thrown instanceof GatewayError)
    assert.equal(thrown.code, 'CONFIGURATION')
    assert.match(thrown.message, message)
    return true
  })
}
