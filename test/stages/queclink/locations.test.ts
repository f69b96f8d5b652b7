import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type LocationGroup,
  locationFields,
  locationGroups,
  type QueclinkCell,
  type QueclinkLocation,
} from '../../../src/stages/queclink/locations.ts'
import { isoSeconds } from '../../../src/stages/queclink/utc-time.ts'

function groupsIn(text: string): LocationGroup[] {
  const fields = text.split(',')
  return locationGroups(fields, 0, fields.length)
}

// The example of the manual of GL300.
const group = '1,4.3,92,70.0,121.354335,31.222073,20090214013254,0460,0000,18d8,6141'

test('a group is accuracy, speed, azimuth, altitude, longitude, latitude, time and cell', () => {
  assert.deepEqual(groupsIn(group), [
    {
      at: 0,
      location: {
        hdop_or_accuracy: 1,
        speed_kmh: 4.3,
        azimuth_deg: 92,
        altitude_m: 70,
        longitude_deg: 121.354335,
        latitude_deg: 31.222073,
        fix_time_utc: '2009-02-14T01:32:54Z',
      },
      cell: { mcc: 460, mnc: 0, lac: 0x18d8, cell_id: 0x6141 },
    },
  ])
})

test('groups are found wherever they stand, as many as there are', () => {
  assert.deepEqual(
    groupsIn(`0,0,3,${group},,${group},00,12.5,${group},85`).map(({ at }) => at),
    [3, 15, 28],
  )
})

test('what a device left empty, or wrote as no number, is null', () => {
  const [found] = groupsIn(',?,,1e3,121.354335,31.222073,20090214013254,,,,')
  assert.deepEqual(
    [
      found?.location.hdop_or_accuracy,
      found?.location.speed_kmh,
      found?.location.azimuth_deg,
      found?.location.altitude_m,
    ],
    [null, null, null, null],
  )
  assert.equal(found?.cell, null)
})

test('a group at the end need have no cell, and a cell that is none is null', () => {
  for (const rest of ['', ',', ',0460,0000,18d8', ',0460,0000,18d8,', ',46,0,1,2', ',0460,0000,18d8,hello']) {
    assert.equal(groupsIn(`1,0,0,0,121.354335,31.222073,20090214013254${rest}`)[0]?.cell, null, rest)
  }
})

test('without coordinates, without decimals, out of range or without a date it is no group', () => {
  const none = [
    '0,,,,,,20090214013254,0460',
    '1,0,0,0,121,31,20090214013254',
    '1,0,0,0,12.5,13.8,20090214013254',
    '1,0,0,0,181.354335,31.222073,20090214013254',
    '1,0,0,0,121.354335,91.222073,20090214013254',
    '1,0,0,0,121.354335,31.222073,20090231013254',
    '1,0,0,0,121.354335,31.222073,',
    '1,0,0,0,121.354335,20090214013254',
    '0,0,0,121.354335,31.222073,20090214013254',
  ]
  for (const text of none) assert.deepEqual(groupsIn(text), [], text)
})

test('a group that reaches out of where groups may lie is none', () => {
  const fields = group.split(',')
  assert.equal(locationGroups(fields, 1, fields.length).length, 0)
  assert.equal(locationGroups(fields, 0, 6).length, 0)
  assert.equal(locationGroups(fields, 0, 7)[0]?.cell, null)
})

const measured = (max: number, digits: number) =>
  fc.option(fc.integer({ min: 0, max: max * 10 ** digits }).map((value) => value / 10 ** digits))
const degrees = (limit: number) => fc.integer({ min: -limit * 1e6, max: limit * 1e6 }).map((value) => value / 1e6)

const anyLocation: fc.Arbitrary<QueclinkLocation> = fc.record({
  hdop_or_accuracy: measured(50, 0),
  speed_kmh: measured(999, 1),
  azimuth_deg: measured(359, 0),
  altitude_m: measured(8848, 1),
  longitude_deg: degrees(180),
  latitude_deg: degrees(90),
  fix_time_utc: fc
    .date({ min: new Date(0), max: new Date('2099-12-31T23:59:59Z'), noInvalidDate: true })
    .map(isoSeconds),
})

const anyCell: fc.Arbitrary<QueclinkCell> = fc.record({
  mcc: fc.integer({ min: 0, max: 999 }),
  mnc: fc.integer({ min: 0, max: 999 }),
  lac: fc.integer({ min: 0, max: 0xffff }),
  cell_id: fc.integer({ min: 0, max: 0xfff_ffff }),
})

test('any number of groups comes back as it was written, with anything that is no coordinate between them', () => {
  const between = fc.array(fc.constantFrom('', '0', '00', '12.5', '4.26', 'F0', '20090214013254', '100', '3,1'), {
    maxLength: 5,
  })
  fc.assert(
    fc.property(fc.array(fc.tuple(between, anyLocation, fc.option(anyCell)), { maxLength: 15 }), (parts) => {
      const text = parts.flatMap(([before, location, cell]) => [...before, ...locationFields(location, cell)]).join(',')
      const read = groupsIn(text).map(({ location, cell }) => ({ location, cell }))
      assert.deepEqual(JSON.stringify(read), JSON.stringify(parts.map(([, location, cell]) => ({ location, cell }))))
    }),
  )
})
