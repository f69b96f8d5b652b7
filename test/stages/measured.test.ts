import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { framing } from '../../src/core/framing.ts'
import { type Measure, MeasuredFinder } from '../../src/stages/measured.ts'
import { everyCutting, singly, upOf } from './cutting.ts'
import { bytes, toldAlike } from './told.ts'

/** Two bytes of header: how many follow, of which the first is not given up; 9 begins no frame. */
const measure: Measure = (window, from) => {
  if (window[from] === 9) return { corrupt: 'nine', shown: 1 }
  if (window.length - from < 2) return { need: 2 }
  return { total: 2 + (window[from] as number), contentAt: 2, headerEnd: 2 }
}

function of(measure: Measure, failFast?: boolean) {
  const finder = () => new MeasuredFinder(measure, 6, failFast)
  return framing('test', { maxBytes: 6, finder, frame: (each) => each })
}

describe('frames that are measured', () => {
  test('are given up from where their content begins, and end where the next one does', () => {
    const wire = bytes('02 ee a1a2 00 ee 04 ee b1b2b3b4')
    assert.deepEqual(toldAlike(of(measure), wire, everyCutting(wire)), ['a1a2', '', 'b1b2b3b4'])
  })

  test('are refused over the limit, at once or late, showing what told so, and discarded exactly', () => {
    const wire = bytes('05 ee a1a2a3a4a5 01 ee b1')
    for (const failFast of [true, false]) {
      assert.deepEqual(toldAlike(of(measure, failFast), wire, everyCutting(wire)), [
        'FRAME_TOO_LONG: a frame of 7 bytes exceeds the limit of 6 [05ee]',
        'b1',
      ])
    }
    const counted: Measure = (window, from, seen) => ({ ...measure(window, from, seen), counted: 6 })
    assert.deepEqual(toldAlike(of(counted), bytes('02 ee a1a2')), ['a1a2'])
  })

  test('end the framing where their header makes no sense', () => {
    const wire = bytes('01 ee a1 09 01 ee b1')
    assert.deepEqual(toldAlike(of(measure), wire, everyCutting(wire)), ['a1', 'FRAME_CORRUPT: nine [09]'])
  })

  test('are told at the end with as much as is known of them', () => {
    assert.deepEqual(toldAlike(of(measure), bytes('02')), [
      'FRAME_UNTERMINATED: the connection ended 1 bytes into a frame [02]',
    ])
    assert.deepEqual(toldAlike(of(measure), bytes('02 ee a1')), [
      'FRAME_UNTERMINATED: the connection ended 3 bytes into a frame of 4 bytes [02eea1]',
    ])
  })

  test('are measured until that is done and not again, and a measure hears how much of a frame it has seen', () => {
    const seen: [number, number][] = []
    const watched: Measure = (window, from, before) => {
      seen.push([window.length - from, before])
      return measure(window, from, before)
    }
    const up = upOf(of(watched))
    const out = { emit: () => {}, reply: () => {}, fail: assert.ifError }
    for (const chunk of singly(bytes('03 ee a1a2a3 00 ee'))) up.push(chunk, out)
    assert.deepEqual(seen, [
      [1, 0],
      [2, 1],
      [1, 0],
      [2, 1],
    ])
  })
})
