import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { type CommandOptions, command } from '../../../src/core/items.ts'
import { Secret } from '../../../src/core/secret.ts'
import { writeCommand } from '../../../src/stages/queclink/commands.ts'
import { decodeServerMessage } from '../../../src/stages/queclink/server-message.ts'

const writing = { password: new Secret('pass'), serial: () => '00A1' }

function written(body: string, options: CommandOptions = {}): string {
  return writeCommand(command('c1', Buffer.from(body), options), writing).bytes.toString()
}

test('a full command goes as it stands, and is known by its own serial', () => {
  const text = 'AT+GTRTO=gmt100,0,,,,,,0014$'
  const { bytes, report, serial } = writeCommand(command('c1', Buffer.from(`${text}\r\n`)), {
    ...writing,
    password: undefined,
  })
  assert.deepEqual([bytes.toString(), report, serial], [text, 'GTRTO', '0014'])
})

test('command and parameters get password and serial', () => {
  const body = JSON.stringify({ command: 'GTRTO', parameters: ['0', '', null, 5, 1.5] })
  assert.equal(written(body), 'AT+GTRTO=pass,0,,,5,1.5,00A1$')
})

test('the name of a method or message is the command, its body the parameters', () => {
  assert.equal(written('', { name: 'GTVER' }), 'AT+GTVER=pass,00A1$')
  assert.equal(written('null', { name: 'GTVER', via: 'method' }), 'AT+GTVER=pass,00A1$')
  assert.equal(written('["1","",""]', { name: 'GTRTO' }), 'AT+GTRTO=pass,1,,,00A1$')
  assert.equal(written('{"parameters":[1]}', { name: 'GTRTO' }), 'AT+GTRTO=pass,1,00A1$')
  assert.equal(written('{"command":"GTBSI"}', { name: 'GTRTO' }), 'AT+GTBSI=pass,00A1$', 'the body says it louder')
})

test('a full command that is cut, has no serial, or holds another is refused', () => {
  const refused = [
    'AT+GTRTO=gmt100,0,,0014',
    'AT+GTRTO=gmt100,0,14$',
    'AT+GTRTO$',
    'AT+GTRTO=a,0001$AT+GTRTO=b,0002$',
    'AT+GTRTO=a,\n,0001$',
  ]
  for (const text of refused)
    assert.throws(() => written(text), { code: 'BAD_CONTENT', message: /not AT\+GTxxx=password/ })
})

test('bodies that name no command, or parameters that a device would read as others, are refused', () => {
  const refused: [string, RegExp][] = [
    ['reboot', /6 characters is neither/],
    ['"GTRTO"', /neither an object/],
    ['5', /neither an object/],
    ['{"command":"GTRTO","parameter":["0"]}', /other members than command and parameters/],
    ['{"delay":5}', /other members than command and parameters/],
    ['{"command":"RTO"}', /names no message/],
    ['{"command":5}', /names no message/],
    ['{"command":"GTRTO","parameters":"0"}', /no list/],
    ['{"command":"GTRTO","parameters":["0","a,b"]}', /parameter 2/],
    ['{"command":"GTRTO","parameters":["a$"]}', /parameter 1/],
    ['{"command":"GTRTO","parameters":["a\\n"]}', /parameter 1/],
    ['{"command":"GTRTO","parameters":[true]}', /parameter 1/],
    ['{"command":"GTRTO","parameters":[{}]}', /parameter 1/],
  ]
  for (const [body, message] of refused) assert.throws(() => written(body), { code: 'BAD_CONTENT', message })
})

test('without a password nothing but full commands can be written', () => {
  const make = () =>
    writeCommand(command('c1', Buffer.from('{"command":"GTRTO"}')), { ...writing, password: undefined })
  assert.throws(make, { code: 'BAD_CONTENT', message: /option password/ })
})

test('desired properties are not supported', () => {
  assert.throws(() => written('{}', { via: 'desired' }), { code: 'NOT_SUPPORTED' })
})

test('whatever is written is one command with these parameters; whatever is not is refused by a code, without the password', () => {
  const parameter = fc.oneof(fc.string(), fc.integer(), fc.constant(null))
  fc.assert(
    fc.property(fc.array(parameter), (parameters) => {
      try {
        const text = written(JSON.stringify({ command: 'GTRTO', parameters }))
        assert.equal(text.indexOf('$'), text.length - 1)
        const said = decodeServerMessage(text.slice(0, -1))
        assert.deepEqual(
          said?.kind === 'command' && said.parameters,
          parameters.map((each) => String(each ?? '')),
        )
      } catch (error) {
        assert.ok(error instanceof GatewayError && error.code === 'BAD_CONTENT', String(error))
        assert.doesNotMatch(error.message, /pass\b/)
      }
    }),
  )
})
