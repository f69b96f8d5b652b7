import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Makes a directory for a program's files; it is removed when this process exits. */
export function scratchDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `headgate-bench-${name}-`))
  // What was killed a moment ago may still be writing.
  process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
  return directory
}
