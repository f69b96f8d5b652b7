import { type MessageParts, messageBytes } from '../../../src/stages/queclink/wire.ts'

/** The device of messages that name no other. */
export const imei = '350000000000017'

/** A message by our own encoder. */
export function message(parts: Partial<MessageParts> = {}): Buffer {
  return messageBytes({
    prefix: 'RESP',
    report: 'GTFRI',
    protocol_version: '1A0800',
    imei,
    device_name: '',
    fields: [],
    sendTime: new Date('2026-05-01T12:00:00Z'),
    count: '00A1',
    ...parts,
  })
}

/** The fields of a location, without a cell. */
export const position: readonly string[] = [
  ...['1', '4.3', '92', '70.0', '121.354335', '31.222073', '20260501115900'],
  ...['', '', '', ''],
]
