import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

// This file runs from build/test/package.
const root = fileURLToPath(new URL('../../../', import.meta.url))

/** An empty project that has nothing but the packed headgate installed, as its users would. */
export class PackedProject {
  readonly folder = mkdtempSync(join(tmpdir(), 'headgate-packed-'))

  /** Packs the repository and installs the tarball; takes the registry, or npm's cache. */
  async install(): Promise<void> {
    // The build of this tree is there already; packing would make it again under the feet of other tests.
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', this.folder]
    const { stdout } = await run('npm', pack, { cwd: root })
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
    writeFileSync(join(this.folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }')
    const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', join(this.folder, filename)]
    await run('npm', install, { cwd: this.folder })
  }

  /** Compiles a program strictly against the installed types; rejects with the compiler's words. Returns the program's path. */
  async compile(name: string, source: string): Promise<string> {
    writeFileSync(join(this.folder, `${name}.ts`), source)
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node']
    const strict = ['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--verbatimModuleSyntax']
    const target = ['--module', 'nodenext', '--target', 'es2023', '--lib', 'es2023']
    try {
      await run(process.execPath, [tsc, ...strict, ...target, ...types, `${name}.ts`], { cwd: this.folder })
    } catch (error) {
      throw new Error((error as { stdout: string }).stdout, { cause: error })
    }
    return join(this.folder, `${name}.js`)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }
}
