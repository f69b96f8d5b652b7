import { GatewayError } from '../../core/errors.ts'
import { gt06 } from '../../pipelines/gt06.ts'
import { layoutOf } from '../../stages/gt06/decode.ts'
import { gt06Framing } from '../../stages/gt06/framing.ts'
import { faultOf, fromWire } from '../../stages/gt06/wire.ts'
import { type Annotation, annotationText } from '../../stages/struct/annotation.ts'
import { framesOf } from '../deframing.ts'
import { Gt06Device } from '../devices/gt06.ts'
import type { ReadyProtocol } from '../ready-protocol.ts'

/** GT06 trackers, as the program knows them. What is decoded must be right in length and CRC, as for a gateway. */
export const gt06Ready: ReadyProtocol = {
  name: 'gt06',
  decode: (to) => gt06(to, { envelope: true, heartbeats: true, batch: { maxCount: 1, lingerMs: 0 } }),
  annotate: annotated,
  simulated: (to) => gt06(to, { acknowledgeLocations: true }),
  device: (identity) => new Gt06Device(identity),
}

const stop = Buffer.from('\r\n')

/** The table of each frame, also of one whose length or CRC is wrong, and what else was found. Throws where there is no frame at all. */
function annotated(bytes: Buffer): string {
  const { frames, errors } = framesOf(bytes, gt06Framing({ tolerance: 'tolerateAll' }))
  if (frames.length === 0 && errors[0] !== undefined) throw errors[0]
  return [...frames.map(tableOf), ...errors.map(({ code, message }) => `${code}: ${message}\n`)].join('\n')
}

function tableOf(frame: Buffer): string {
  const { start, type, content, serial, crc } = fromWire(frame)
  const wire = Buffer.concat([frame, stop])
  const fields: Annotation[] = []
  let offset = 0
  const add = (length: number, path: string, value: unknown) => {
    fields.push({ offset, bytes: wire.subarray(offset, offset + length), path, value, unit: undefined })
    offset += length
  }
  add(2, 'start', start)
  const lengthBytes = start === '7979' ? 2 : 1
  add(lengthBytes, 'length', wire.readUIntBE(2, lengthBytes))
  add(1, 'protocol_number', `0x${type.toString(16).padStart(2, '0')}`)
  for (const each of layoutOf(type, content)?.annotate(content) ?? []) {
    if (each.bytes.length > 0) fields.push({ ...each, offset: offset + each.offset })
  }
  if (layoutOf(type, content) === undefined && content.length > 0) add(content.length, 'content', content)
  else offset += content.length
  add(2, 'serial', serial)
  add(2, 'crc_itu', crc.toString(16).padStart(4, '0'))
  add(2, 'stop', undefined)
  return annotationText(wire, fields, faultIn(frame, lengthBytes))
}

function faultIn(frame: Buffer, lengthBytes: number): GatewayError | undefined {
  const says = frame.readUIntBE(2, lengthBytes)
  const has = frame.length - 2 - lengthBytes
  if (says === has) return faultOf(frame)
  return new GatewayError('FRAME_DAMAGED', `the length says ${says} bytes, there are ${has}`)
}
