import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { PackedProject } from './packed-project.ts'

const project = new PackedProject()

before(() => project.install())
after(() => project.remove())

test('who does not use a payload language need not have its library, and who does is told what to install', async () => {
  const file = await project.compile(
    'optional',
    `
import { cborPayload, csvPayload, GatewayError, jsonPayload, keyValuePayload, msgpackPayload, protobufPayload } from 'headgate'
import { struct, u8 } from 'headgate/struct'

jsonPayload()
keyValuePayload()
struct('s', { a: u8 }).encode({ a: 1 })
const formats: [string, () => unknown][] = [
  ['cbor-x', () => cborPayload()],
  ['csv-parse', () => csvPayload({ columns: ['a'] })],
  ['msgpackr', () => msgpackPayload()],
  ['@bufbuild/protobuf', () => protobufPayload({ kind: 'message', typeName: 'a.B' })],
]
for (const [name, make] of formats) {
  try {
    make()
    console.log('made', name)
  } catch (error) {
    console.log(error instanceof GatewayError && error.code === 'CONFIGURATION' && error.message.endsWith(\`npm install \${name}\`))
  }
}
`,
  )
  const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: project.folder })
  assert.deepEqual(stdout.trim().split('\n'), ['true', 'true', 'true', 'true'])
})
