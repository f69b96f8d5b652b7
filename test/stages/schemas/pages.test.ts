import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { readyProtocols } from '../../../src/cli/ready-protocols.ts'
import { gt06Location } from '../../../src/stages/schemas/gt06-location.ts'
import { jt808Message } from '../../../src/stages/schemas/jt808-message.ts'
import { modbusRequest, modbusResponse } from '../../../src/stages/schemas/modbus-rtu.ts'
import { teltonikaAvl } from '../../../src/stages/schemas/teltonika-avl.ts'
import { teltonikaMessages } from '../../../src/stages/schemas/teltonika-messages.ts'

const folder = resolve('docs', 'protocols')

const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex')

const pages: Readonly<Record<string, string>> = {
  'gt06-location.md': gt06Location.page({
    about:
      'Locations of GT06 trackers: type, content and serial of a frame. Source: Concox, GT06 v1.8.1; JM-VL03 V1.1.2.',
    example: hex('12 0b081d112e10 cf 027ac7eb 0c465849 00 148f 01cc 00 287d 001fb8 0003'),
  }),
  'jt808-message.md': jt808Message.page({
    about: 'A JT/T 808 message of 2011, 2013 or 2019, unescaped and without its check byte. Source: JT/T 808.',
    example: hex('0002 4000 01 00000000017299841738 0000'),
  }),
  'modbus-request.md': modbusRequest.page({
    about:
      'What a server asks of a Modbus unit, in RTU framing. Source: MODBUS Application Protocol V1.1b3, section 6.',
    example: hex('01 10 0016 0002 04 3f800000 7f75'),
  }),
  'modbus-response.md': modbusResponse.page({
    about: 'What a Modbus unit answers, in RTU framing. Source: MODBUS Application Protocol V1.1b3, section 6.',
    example: hex('01 04 02 04b6 3a46'),
  }),
  'teltonika-avl.md': teltonikaAvl.page({
    about: 'AVL data of Teltonika trackers, between length and CRC. Source: Teltonika, FMB1YX Protocols V0.15.',
    example: hex(
      '08 01 0000016b40d8ea30 01 00000000 00000000 0000 0000 00 0000 01 05 02 1503 0101 01 425e0f 01 f10000601a 01 4e0000000000000000 01',
    ),
  }),
  'teltonika-messages.md': teltonikaMessages.page({
    about:
      'Commands to Teltonika trackers and their answers, between length and CRC. Source: Teltonika, FMB1YX Protocols V0.15.',
    example: hex('0c 01 05 00000007 676574696e666f 01'),
  }),
}

/** Pages of ready pipelines, which people write: `modbusDtu` has modbus-dtu.md; those that are made of options alone share one. */
const writtenByHand = [
  ...readyProtocols.map(({ name }) => `${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.md`),
  'generic.md',
]

test('docs/protocols has the page of every schema as the schema makes it; UPDATE_DOCS=1 writes them anew', () => {
  for (const [file, page] of Object.entries(pages)) {
    if (process.env.UPDATE_DOCS === '1') writeFileSync(join(folder, file), page)
    assert.equal(readFileSync(join(folder, file), 'utf8'), page, file)
  }
  const made = readdirSync(folder).filter((file) => !writtenByHand.includes(file))
  assert.deepEqual(made.sort(), Object.keys(pages))
})

test('every ready pipeline has its page', () => {
  for (const file of writtenByHand) assert.ok(readFileSync(join(folder, file), 'utf8').length > 1000, file)
})
