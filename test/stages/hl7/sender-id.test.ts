import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { senderId } from '../../../src/stages/hl7/sender-id.ts'
import { isDeviceId } from '../../../src/stages/hub-names.ts'

for (const [application, facility, id] of [
  ['MONITOR-7', 'ICU', 'MONITOR-7:ICU'],
  ['GHH LAB', '', 'GHH=20LAB'],
  ['', 'ABCHS', ':ABCHS'],
  ['^OLIS^X500', '', '=5EOLIS=5EX500'],
  ['a=b:c', 'Zürich', 'a=3Db=3Ac:Z=C3=BCrich'],
  ['', '', ''],
] as const) {
  test(`${JSON.stringify([application, facility])} is ${id}`, () => assert.equal(senderId(application, facility), id))
}

test('every sender has an id that IoT Hub takes, as far as its length goes, and no two the same', () => {
  const name = fc.string({ unit: 'binary', maxLength: 6 })
  const sender = fc.tuple(name, name)
  fc.assert(
    fc.property(sender, sender, (one, other) => {
      const id = senderId(...one)
      if (id !== '') assert.ok(isDeviceId(id.slice(0, 128)), id)
      assert.equal(id === senderId(...other), one[0] === other[0] && one[1] === other[1])
    }),
  )
})
