import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { AisBits, AisWriter } from '../../../src/stages/nmea/ais-bits.ts'
import { decodeAis } from '../../../src/stages/nmea/ais-messages.ts'

test('bits that are written are read as they were, at any place and width', () => {
  const written = fc.array(
    fc
      .integer({ min: 1, max: 30 })
      .chain((width) => fc.tuple(fc.constant(width), fc.integer({ min: 0, max: 2 ** width - 1 }))),
    { minLength: 1, maxLength: 30 },
  )
  fc.assert(
    fc.property(written, (numbers) => {
      const writer = new AisWriter()
      for (const [width, value] of numbers) writer.number(value, width)
      const { payload, fillBits } = writer.armoured
      const bits = new AisBits(payload, fillBits)
      let at = 0
      for (const [width, value] of numbers) {
        assert.equal(bits.unsigned(at, width), value)
        assert.equal(bits.signed(at, width), Number(BigInt.asIntN(width, BigInt(value))))
        at += width
      }
      assert.equal(bits.length, at)
      assert.equal(bits.unsigned(at, 1), null)
    }),
  )
})

test('text is six bits a character, ends at @ and loses the blanks that fill it up', () => {
  const read = (text: string, width: number) => {
    const { payload, fillBits } = new AisWriter().text(text, width).armoured
    return new AisBits(payload, fillBits).text(0, width)
  }
  assert.equal(read('R/V Gulf 7', 120), 'R/V GULF 7')
  assert.equal(read('A B  ', 30), 'A B')
  assert.equal(read('A@B', 30), 'A')
  assert.equal(read('', 30), '')
  assert.equal(read('é', 6), '?')
  assert.equal(new AisBits('0', 0).text(6, 120), null)
})

test('any payload is a message or refused with a code, and no number of it is NaN', () => {
  const armour = fc.stringMatching(/^[0-W`-w]{1,80}$/)
  fc.assert(
    fc.property(armour, fc.integer({ min: 0, max: 5 }), (payload, fillBits) => {
      try {
        const { mmsi, ais_type, ...others } = decodeAis(payload, fillBits)
        assert.match(mmsi, /^\d{9,10}$/)
        assert.ok(ais_type >= 0 && ais_type < 64)
        assert.ok(!Object.values(others).some((each) => Number.isNaN(each)))
      } catch (thrown) {
        assert.ok(thrown instanceof GatewayError && thrown.code === 'BAD_CONTENT', String(thrown))
      }
    }),
  )
})

test('what is no payload is refused in numbers', () => {
  assert.throws(() => decodeAis('0 0', 0), { code: 'BAD_CONTENT', message: /a character with the code 32/ })
  assert.throws(() => decodeAis('', 0), { message: /a payload has 0 characters/ })
  assert.throws(() => decodeAis('0'.repeat(1025), 0), { message: /a payload has 1025 characters/ })
  assert.throws(() => decodeAis('000000', 6), { message: /a payload has 6 fill bits/ })
  assert.throws(() => decodeAis('000000', 0), { message: /36 bits, it takes 38/ })
})

test('a message of class B with its name says both, and its values of not available are null', () => {
  const { payload, fillBits } = new AisWriter()
    .number(19, 6)
    .number(0, 2)
    .number(1234, 30)
    .number(0, 8)
    .number(1023, 10)
    .number(1, 1)
    .number(181 * 600_000, 28)
    .number(91 * 600_000, 27)
    .number(3600, 12)
    .number(511, 9)
    .number(59, 6)
    .number(0, 4)
    .text('TENDER', 120)
    .number(36, 8)
    .number(5, 9)
    .number(6, 9)
    .number(1, 6)
    .number(2, 6)
    .number(0, 11).armoured
  assert.deepEqual(decodeAis(payload, fillBits), {
    ais_type: 19,
    repeat: 0,
    mmsi: '000001234',
    bits: 312,
    speed_kn: null,
    position_accuracy: 1,
    longitude_deg: null,
    latitude_deg: null,
    course_deg: null,
    heading_deg: null,
    utc_second: 59,
    name: 'TENDER',
    ship_type: 36,
    to_bow_m: 5,
    to_stern_m: 6,
    to_port_m: 1,
    to_starboard_m: 2,
  })
})

test('static data of a craft of a ship says which ship, of any other how long it is', () => {
  const said = (mmsi: number) => {
    const writer = new AisWriter().number(24, 6).number(0, 2).number(mmsi, 30).number(1, 2).number(37, 8)
    const { payload, fillBits } = writer.text('SRT', 18).number(0, 24).text('AUX', 42).number(7_000_001, 30).armoured
    return decodeAis(payload, fillBits)
  }
  assert.deepEqual(said(982_470_001), {
    ais_type: 24,
    repeat: 0,
    mmsi: '982470001',
    bits: 162,
    part: 'B',
    ship_type: 37,
    vendor: 'SRT',
    callsign: 'AUX',
    mothership_mmsi: '007000001',
  })
  const { mothership_mmsi: ship, to_bow_m: bow } = said(98_247_000)
  assert.deepEqual([ship, bow], [undefined, 3])
})

test('the name of an aid to navigation goes on at the end of the message, where it fills its first place', () => {
  const named = (first: string, second: string, spare = 0) => {
    const writer = new AisWriter().number(21, 6).number(0, 2).number(992_471_001, 30).number(1, 5).text(first, 120)
    writer.number(0, 109)
    if (second !== '') writer.text(second, 6 * second.length)
    if (spare > 0) writer.number(0, spare)
    const { payload, fillBits } = writer.armoured
    return decodeAis(payload, fillBits).name
  }
  assert.equal(named('CARDINAL BUOY NORTH ', 'WEST'), 'CARDINAL BUOY NORTH WEST')
  assert.equal(named('CARDINAL BUOY NORTHW', 'EST OF HARBOUR', 4), 'CARDINAL BUOY NORTHWEST OF HARBOUR')
  assert.equal(named('CARDINAL BUOY NORTH ', '', 6), 'CARDINAL BUOY NORTH')
  assert.equal(named('CARDINAL BUOY NORTHW', 'EST OF HARBOURXX'), 'CARDINAL BUOY NORTHWEST OF HARBOUR')
  assert.equal(named('BUOY', 'JUNK'), 'BUOY')
  assert.equal(named('', ''), '')
  const { payload, fillBits } = new AisWriter().number(21, 6).number(0, 2).number(1, 30).number(1, 5).armoured
  assert.equal(decodeAis(payload, fillBits).name, null)
})

test('a text in two places is the one text where it lies behind itself, whatever it is and wherever the message ends', () => {
  const texts = fc.string({ unit: fc.constantFrom(...' ABZ09?!'), minLength: 0, maxLength: 34 })
  fc.assert(
    fc.property(texts, fc.nat({ max: 40 }), (text, end) => {
      const { payload, fillBits } = new AisWriter().number(0, 6).text(text, 6 * end).armoured
      const bits = new AisBits(payload, fillBits)
      assert.equal(bits.textInTwo(6, 120, 126, 84), bits.text(6, 204))
    }),
  )
})
