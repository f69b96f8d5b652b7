import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GatewayError } from '../../src/core/errors.ts'
import { parseConnectionString } from '../../src/hub/connection-string.ts'

const faultOf = (text: string): string => {
  try {
    parseConnectionString(text)
  } catch (error) {
    assert.ok(error instanceof GatewayError)
    assert.equal(error.code, 'CONFIGURATION')
    return error.message
  }
  throw new assert.AssertionError({ message: 'it was taken' })
}

test('a host name alone is a hub to which devices bring their keys', () => {
  const address = parseConnectionString('HostName=plant.azure-devices.net')
  assert.deepEqual(address, { host: 'plant.azure-devices.net', port: 443, policy: undefined })
})

test('a policy comes with its name and its key, whose equals signs are its own', () => {
  const { policy } = parseConnectionString('HostName=h;SharedAccessKeyName=iothubowner;SharedAccessKey=a2V5a2U9PQ==')
  assert.equal(policy?.name, 'iothubowner')
  assert.equal(policy?.key.reveal(), 'a2V5a2U9PQ==')
})

test('the host name may carry a port', () => {
  assert.equal(parseConnectionString('HostName=localhost:8443').port, 8443)
  assert.equal(parseConnectionString('HostName=localhost:8443').host, 'localhost')
})

test('spaces around parts and a trailing semicolon do no harm', () => {
  assert.equal(parseConnectionString(' HostName = h ;; SharedAccessKeyName=p; SharedAccessKey=k ;').policy?.name, 'p')
})

test('the host keeps its case, and the names of parts are case-sensitive as in the Azure SDKs', () => {
  assert.equal(parseConnectionString('HostName=Plant.Azure-Devices.NET').host, 'Plant.Azure-Devices.NET')
  assert.match(faultOf('hostname=h'), /part 1 is none of them.*HostName is missing/)
})

for (const port of ['0', '65536', '99999', '-1', 'x', '']) {
  test(`'${port}' is no port`, () => {
    assert.match(faultOf(`HostName=h:${port}`), /HostName is not a host or host:port/)
  })
}

test('every fault is told at once, each with its place', () => {
  const message = faultOf('DeviceId=d1;HostName=a b;HostName=c;SharedAccessKey=abc;nonsense')
  assert.match(message, /part 1 is none of them/)
  assert.match(message, /it has HostName twice/)
  assert.match(message, /part 5 is none of them/)
  assert.match(message, /HostName is not a host/)
  assert.match(message, /must come together/)
})

test('a policy without a key or without a name is half a policy, and so is an empty one', () => {
  assert.match(faultOf('HostName=h;SharedAccessKey=k'), /must come together/)
  assert.match(faultOf('HostName=h;SharedAccessKeyName=n'), /must come together/)
  assert.match(faultOf('HostName=h;SharedAccessKeyName=n;SharedAccessKey='), /SharedAccessKey is empty/)
  assert.match(faultOf('HostName=h;SharedAccessKeyName=;SharedAccessKey=k'), /SharedAccessKeyName is empty/)
})

test('a fault never quotes a value, even one in the wrong place', () => {
  const secret = 'c2VjcmV0'
  for (const text of [
    `HostName=h;SharedAccessKey=${secret}`,
    `HostName=${secret} ${secret}`,
    secret,
    `HostName=h;Shared=${secret}`,
    `SharedAccessKey=${secret};SharedAccessKey=${secret}`,
  ]) {
    assert.ok(!faultOf(text).includes(secret), text)
  }
})

test('whatever the text, it is either an address or CONFIGURATION', () => {
  const part = fc.oneof(
    fc.string(),
    fc
      .tuple(fc.constantFrom('HostName', 'SharedAccessKeyName', 'SharedAccessKey', 'X'), fc.string())
      .map((pair) => pair.join('=')),
    fc.constantFrom('HostName=h', 'HostName=h:1', 'SharedAccessKeyName=n', 'SharedAccessKey=k'),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
      try {
        const { host, port } = parseConnectionString(parts.join(';'))
        assert.match(host, /^[A-Za-z0-9.-]+$/)
        assert.ok(port >= 1 && port <= 65_535)
      } catch (error) {
        assert.equal((error as GatewayError).code, 'CONFIGURATION')
      }
    }),
  )
})
