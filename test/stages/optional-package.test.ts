import assert from 'node:assert/strict'
import { test } from 'node:test'
import { optionalPackage } from '../../src/stages/optional-package.ts'
import { thrownBy } from './refusals.ts'

test('a package that is there is given', () => {
  const { parse } = optionalPackage<{ parse: unknown }>('csv-parse/sync', 'csvPayload')
  assert.equal(typeof parse, 'function')
})

for (const [path, name] of [
  ['headgate-absent', 'headgate-absent'],
  ['headgate-absent/sync', 'headgate-absent'],
  ['@headgate/absent', '@headgate/absent'],
  ['@headgate/absent/wkt', '@headgate/absent'],
] as const) {
  test(`a package that is absent is named with how to get it: ${path}`, () => {
    const { code, message } = thrownBy(() => optionalPackage(path, 'xPayload'))
    assert.equal(code, 'CONFIGURATION')
    assert.equal(message, `xPayload needs a package that is not there: npm install ${name}`)
  })
}
