import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readSettings, type SettingFlags } from '../../src/cli/environment.ts'
import { GatewayError } from '../../src/core/errors.ts'

const faultsOf = (environment: NodeJS.ProcessEnv, flags: SettingFlags = {}): string[] => {
  try {
    readSettings(flags, environment)
  } catch (error) {
    assert.ok(error instanceof GatewayError)
    assert.equal(error.code, 'CONFIGURATION')
    return error.message.split('\n')
  }
  return []
}

test('nothing said is the embedded emulator on the usual ports', () => {
  assert.deepEqual(readSettings({}, {}), {
    hub: undefined,
    hubCa: undefined,
    port: 9000,
    adminPort: 9100,
    adminHost: '127.0.0.1',
    emulatorPort: 8443,
    logLevel: 'info',
    drainMs: 10_000,
    workers: undefined,
  })
})

test('variables are read', () => {
  const settings = readSettings(
    {},
    {
      HEADGATE_HUB: 'HostName=h;SharedAccessKeyName=n;SharedAccessKey=k',
      HEADGATE_PORT: '0',
      HEADGATE_ADMIN_PORT: '65535',
      HEADGATE_EMULATOR_PORT: '1',
      HEADGATE_LOG_LEVEL: 'debug',
    },
  )
  assert.deepEqual(
    [settings.port, settings.adminPort, settings.emulatorPort, settings.logLevel],
    [0, 65_535, 1, 'debug'],
  )
  assert.equal(settings.hub, 'HostName=h;SharedAccessKeyName=n;SharedAccessKey=k')
})

test('a flag wins over its variable, even over one that is wrong', () => {
  const flags = { port: '1', adminPort: '2', adminHost: '0.0.0.0', emulatorPort: '3', logLevel: 'error' }
  const settings = readSettings(flags, {
    HEADGATE_PORT: 'x',
    HEADGATE_ADMIN_PORT: '9',
    HEADGATE_EMULATOR_PORT: '-1',
    HEADGATE_LOG_LEVEL: 'loud',
  })
  assert.deepEqual(
    [settings.port, settings.adminPort, settings.adminHost, settings.emulatorPort, settings.logLevel],
    [1, 2, '0.0.0.0', 3, 'error'],
  )
})

test('a number of workers is read from flag or variable', () => {
  assert.equal(readSettings({}, { HEADGATE_WORKERS: '4' }).workers, 4)
  assert.equal(readSettings({ workers: '2' }, { HEADGATE_WORKERS: 'x' }).workers, 2)
  for (const text of ['0', '257', '1.5', '-1', 'all', '']) {
    assert.match(faultsOf({ HEADGATE_WORKERS: text })[0] ?? '', /HEADGATE_WORKERS is not a number from 1 to 256/, text)
    assert.match(faultsOf({}, { workers: text })[0] ?? '', /--workers is not a number/, text)
  }
})

test('every fault is told at once, by the name of the flag or variable at fault', () => {
  const faults = faultsOf(
    {
      HEADGATE_HUB: 'HostName=a b;SharedAccessKey=k',
      HEADGATE_HUB_CA: '/nowhere/ca.pem',
      HEADGATE_PORT: '70000',
      HEADGATE_EMULATOR_PORT: 'HostName=h;SharedAccessKey=c2VjcmV0',
      HEADGATE_LOG_LEVEL: 'loud',
    },
    { adminPort: '1.5' },
  )
  assert.equal(faults.length, 6)
  const text = faults.join('\n')
  assert.match(text, /HEADGATE_HUB: .*HostName is not a host.*must come together/)
  assert.match(text, /HEADGATE_HUB_CA: cannot read the file: ENOENT: \/nowhere\/ca.pem/)
  assert.match(text, /HEADGATE_PORT is not a port from 0 to 65535: 70000/)
  assert.match(text, /--admin-port is not a port/)
  assert.match(text, /HEADGATE_EMULATOR_PORT is not a port/)
  assert.doesNotMatch(text, /c2VjcmV0/)
  assert.match(text, /log level is none of debug, info, warn, error, silent/)
})

for (const port of ['-1', '65536', '1e3', '0x10', ' 80', '80 ', '', 'nine', '999999']) {
  test(`'${port}' is no port`, () => {
    assert.equal(faultsOf({ HEADGATE_PORT: port }).length, 1)
    assert.equal(faultsOf({}, { port }).length, 1)
  })
}

test('no secret of a connection string is told, whatever is wrong with it', () => {
  const secret = 'c2VjcmV0'
  for (const hub of [
    `SharedAccessKey=${secret}`,
    `HostName=${secret}!;SharedAccessKeyName=n;SharedAccessKey=${secret}`,
    `HostName=h;SharedAccessKeyName=n;SharedAccessKey=${secret};SharedAccessKey=${secret}`,
    secret,
    '',
  ]) {
    const faults = faultsOf({ HEADGATE_HUB: hub })
    assert.equal(faults.length, 1)
    assert.ok(!faults[0]?.includes(secret))
  }
})

test('the file of authorities is read into the settings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-test-'))
  try {
    const pem = '-----BEGIN CERTIFICATE-----\n'
    writeFileSync(join(folder, 'ca.pem'), pem)
    writeFileSync(join(folder, 'no.pem'), 'words')
    assert.equal(readSettings({}, { HEADGATE_HUB_CA: join(folder, 'ca.pem') }).hubCa, pem)
    assert.match(faultsOf({ HEADGATE_HUB_CA: join(folder, 'no.pem') })[0] ?? '', /holds no PEM certificate/)
    assert.match(faultsOf({ HEADGATE_HUB_CA: folder })[0] ?? '', /EISDIR/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
