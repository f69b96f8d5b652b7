import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative, resolve } from 'node:path'
import { test } from 'node:test'

interface Import {
  readonly typeOnly: boolean
  /** A package, or a path below src such as `core/ring.ts`. */
  readonly to: string
}

interface Source {
  /** Path below src, such as `core/ring.ts`. */
  readonly path: string
  readonly text: string
  readonly imports: readonly Import[]
}

// Tests are run from build/, sources are read where they were written.
const src = resolve('src')

const sources: Source[] = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(src, path), 'utf8')
    return { path, text, imports: importsOf(path, text) }
  })

/** Everything that a module names after `from`, in `import()` or in a bare import. */
function importsOf(path: string, text: string): Import[] {
  const statement =
    /^\s*(import|export)\s+(type\s)?[^'"`;]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\('([^']+)'\)/gm
  return [...text.matchAll(statement)].map(([, , type, from, bare, dynamic]) => {
    const specifier = (from ?? bare ?? dynamic) as string
    const to = specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : specifier
    return { typeOnly: type !== undefined, to }
  })
}

function isOwn(to: string): boolean {
  return to.endsWith('.ts')
}

/** `core/ring.ts` belongs to `core`, `index.ts` to itself. */
function areaOf(path: string): string {
  return path.split('/')[0] as string
}

function isAllowed(allowed: readonly string[], to: string): boolean {
  return allowed.some((each) => to === each || (!each.endsWith('.ts') && areaOf(to) === each))
}

/** What each part of the house may import, next to itself. Everything that is not named here may import nothing. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  hub: ['core'],
  emulator: ['core'],
  stages: ['core', 'hub/port.ts'],
  pipelines: ['core', 'stages', 'hub/port.ts'],
  gateway: ['core', 'stages', 'pipelines', 'hub/port.ts'],
  cli: ['core', 'stages', 'pipelines', 'hub', 'gateway', 'emulator'],
  testing: ['core', 'hub/memory.ts', 'hub/port.ts', 'gateway/serve.ts'],
  'testing.ts': ['testing', 'hub/memory.ts'],
  'struct.ts': ['stages'],
  'index.ts': ['core', 'stages', 'pipelines', 'hub', 'gateway'],
}

/** What may be imported for its types alone. */
const typeArrows: Readonly<Record<string, readonly string[]>> = {
  testing: ['stages', 'emulator', 'hub/spool/store.ts'],
}

/** Packages with one place in the house. */
const homes: readonly { readonly name: RegExp; readonly home: (path: string) => boolean }[] = [
  { name: /^azure-/, home: (path) => areaOf(path) === 'hub' },
  {
    name: /^prom-client$/,
    home: (path) => /^gateway\/((process-|merge-|hub-)?metrics|held-histogram)\.ts$/.test(path),
  },
  { name: /^iconv-lite$/, home: (path) => path.startsWith('stages/struct/') },
  { name: /^pumpify$/, home: (path) => path === 'core/ring.ts' },
  { name: /^commander$/, home: (path) => areaOf(path) === 'cli' },
  { name: /^pino$/, home: (path) => areaOf(path) === 'gateway' || areaOf(path) === 'cli' },
]

/** Every place where a module imports what it may not. */
function violations(all: readonly Source[]): string[] {
  const found: string[] = []
  for (const { path, imports } of all) {
    for (const { typeOnly, to } of imports) {
      const area = areaOf(path)
      const allowed = [area, ...(arrows[area] ?? []), ...(typeOnly ? (typeArrows[area] ?? []) : [])]
      if (isOwn(to) ? !isAllowed(allowed, to) : homes.some(({ name, home }) => name.test(to) && !home(path))) {
        found.push(`${path} imports ${to}`)
      }
    }
  }
  return found
}

function madeUp(path: string, text: string): Source {
  return { path, text, imports: importsOf(path, text) }
}

test('the arrows of import run one way: cli → gateway → pipelines → stages → core; hub and emulator know core only', () => {
  assert.deepEqual(violations(sources), [])
})

test('the arrows are really looked at', () => {
  assert.ok(sources.length > 40, `${sources.length} files`)
  for (const area of ['core', 'stages', 'hub', 'pipelines', 'testing']) {
    assert.ok(
      sources.some(({ path }) => areaOf(path) === area),
      area,
    )
  }
  assert.ok(sources.flatMap(({ imports }) => imports).length > 100)
  const wrong: readonly [string, string][] = [
    ['core/x.ts', "import { hub } from '../stages/hub.ts'"],
    ['core/x.ts', "import type { Hub } from '../hub/port.ts'"],
    ['core/x.ts', "import {\n  a,\n  b,\n} from '../hub/port.ts'"],
    ['core/x.ts', "export { serve } from '../gateway/serve.ts'"],
    ['stages/x.ts', "import { memoryHub } from '../hub/memory.ts'"],
    ['stages/x.ts', "const late = await import('../cli/main.ts')"],
    ['hub/x.ts', "import '../stages/json.ts'"],
    ['emulator/x.ts', "import type { Hub } from '../hub/port.ts'"],
    ['gateway/x.ts', "import { azureHttp } from '../hub/azure-http.ts'"],
    ['testing/x.ts', "import { json } from '../stages/json.ts'"],
    ['core/x.ts', "import { Client } from 'azure-iot-device'"],
    ['gateway/serve.ts', "import { Registry } from 'prom-client'"],
    ['elsewhere/x.ts', "import { Ring } from '../core/ring.ts'"],
  ]
  for (const [path, text] of wrong) assert.equal(violations([madeUp(path, text)]).length, 1, `${path}: ${text}`)
  const right: readonly [string, string][] = [
    ['testing/x.ts', "import type { LinesOptions } from '../stages/lines.ts'"],
    ['gateway/metrics.ts', "import { Registry } from 'prom-client'"],
    ['stages/x.ts', "import { a } from './y.ts'\nimport type { Hub } from '../hub/port.ts'"],
  ]
  for (const [path, text] of right) assert.deepEqual(violations([madeUp(path, text)]), [], `${path}: ${text}`)
})

test('every import of an own file names one that is there', () => {
  const there = new Set(sources.map(({ path }) => path))
  for (const { path, imports } of sources) {
    for (const { to } of imports) if (isOwn(to)) assert.ok(there.has(to), `${path} imports ${to}`)
  }
})

test('a file of more than 250 lines says in a comment at its head why it has so many lines', () => {
  const says = /^\s*(\/\/|\/?\*+).*\blines\b/
  for (const { path, text } of sources) {
    const lines = text.split('\n')
    if (lines.length > 251)
      assert.ok(
        lines.slice(0, 5).some((line) => says.test(line)),
        `${path}: ${lines.length} lines`,
      )
  }
})

test('nothing is of type any', () => {
  const any = /(?::|\bas|[<|&,(=]|=>|\bextends|\bof)\s*any\b(?=\s*(?:[,;)>\]|&={[]|$))/
  for (const wrong of ['x: any', 'as any)', 'Array<any>', 'any1: any[]', '(x: string | any) => x', 'type X = any']) {
    assert.match(wrong, any)
  }
  for (const right of ['// for any reason', 'if any, or', 'company: string', "'any'"]) assert.doesNotMatch(right, any)
  for (const { path, text } of sources) {
    text.split('\n').forEach((line, index) => {
      const comment = /^\s*(\/\/|\/?\*)/.test(line)
      if (!comment) assert.doesNotMatch(line, any, `src/${path}:${index + 1}`)
    })
  }
})

test('tests mirror src: a test of src/core stands at the same path under test/core', () => {
  const tested = new Set(readdirSync(resolve('test/core')))
  // Types only, or one name; what the compiler erases has nothing to run. The slots' outlet is tested through the run that owns it.
  const exempt = new Set(['core/levels.ts', 'core/stage.ts', 'core/slot.ts', 'core/slot-outlet.ts'])
  for (const { path } of sources) {
    if (areaOf(path) !== 'core' || exempt.has(path)) continue
    const name = relative('core', path).replace(/\.ts$/, '.test.ts')
    assert.ok(tested.has(name), `test/core/${name}`)
  }
})
