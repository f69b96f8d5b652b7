import { readHeader } from '../../stages/hl7/header.ts'
import { decodeMessage } from '../../stages/hl7/message.ts'
import { textOfSegments } from '../../stages/hl7/segments.ts'
import { senderId } from '../../stages/hl7/sender-id.ts'
import { hl7Time } from '../../stages/hl7/time.ts'
import { mllpBlocks } from '../../stages/mllp/blocks.ts'
import type { DeviceSpeech, DeviceState, Heard, SimulatedIdentity, SpokenReport } from '../device-speech.ts'

/** A simulated patient monitor: sends ORU^R01 with three vital signs, one at a time, and sends again what is answered AE or not at all. */
export function mllpDevice({ deviceId, index }: SimulatedIdentity): DeviceSpeech {
  const framing = mllpBlocks()
  return {
    deviceId: senderId(deviceId, ''),
    framing,
    window: 1,
    answersReports: true,
    welcomed: true,
    hello: () => [],
    report(state): SpokenReport {
      const key = `${index}-${state.sequence}`
      return { bytes: framing.frame(vitalSigns({ deviceId, index }, key, state)), key }
    },
    hear,
  }
}

/** An ORU^R01 as patient monitors send it, of a patient who is none. */
function vitalSigns(
  { deviceId, index }: SimulatedIdentity,
  controlId: string,
  { time, sequence }: DeviceState,
): Buffer {
  const at = `${hl7Time(time)}+0000`
  const wave = Math.sin(sequence / 5)
  const value = (id: string, measured: number, digits: number, units: string) =>
    ['NM', id, '', measured.toFixed(digits), units, '', '', '', '', 'F', '', '', at] as const
  const values = [
    value('8867-4^Heart rate^LN', 72 + 9 * wave, 0, '/min'),
    value('59408-5^Oxygen saturation^LN', 97 + 2 * wave, 0, '%'),
    value('8310-5^Body temperature^LN', 36.8 + 0.4 * wave, 1, 'Cel'),
  ]
  const text = textOfSegments([
    ['MSH', '^~\\&', deviceId, '', 'HEADGATE', '', at, '', 'ORU^R01^ORU_R01', controlId, 'T', '2.5.1'],
    ['PID', '1', '', `SIM${index}^^^HEADGATE^PI`],
    ['OBR', '1', '', '', '8716-3^Vital signs^LN', '', '', at],
    ...values.map((fields, position) => ['OBX', String(position + 1), ...fields]),
  ])
  return Buffer.from(text)
}

const meanings = { A: 'acked', E: 'again', R: 'rejected' } as const

function hear(block: Buffer): Heard[] {
  const header = readHeader(block.toString('latin1'))
  const answer = header && decodeMessage(block, header, 'UNICODE UTF-8')
  const letter = /^[AC]([AER])$/.exec(answer?.msa_code ?? '')?.[1] as keyof typeof meanings | undefined
  if (letter === undefined) return [{ kind: 'unexpected', reason: 'not an acknowledgement' }]
  return [{ kind: meanings[letter], key: answer?.msa_control_id ?? '' }]
}
