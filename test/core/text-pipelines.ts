import { PassThrough, type TransformCallback } from 'node:stream'
import through2 from 'through2'
import type { Connection } from '../../src/core/connection.ts'
import type { Lines } from '../../src/core/levels.ts'
import { type Endpoint, type Halves, type Stage, stage } from '../../src/core/stage.ts'

/** An endpoint that sends down every line that came up. */
export const mirror: Endpoint<Lines> = { name: 'mirror', open: () => new PassThrough({ objectMode: true }) }

export function lineStage(name: string, open: (connection: Connection) => Halves<Lines, Lines>): Stage<Lines, Lines> {
  return stage<Lines, Lines>(name, open)
}

/** A stage that writes its name on every line that passes: `>name` going up, `<name` going down. */
export function marks(name: string, as: 'steps' | 'streams' = 'steps'): Stage<Lines, Lines> {
  return lineStage(name, () =>
    as === 'steps'
      ? { up: (line, out) => out.emit(`${line}>${name}`), down: (line, out) => out.emit(`${line}<${name}`) }
      : {
          up: through2.obj((line: string, _encoding: string, done: TransformCallback) => done(null, `${line}>${name}`)),
          down: through2.obj((line: string, _encoding: string, done: TransformCallback) =>
            done(null, `${line}<${name}`),
          ),
        },
  )
}
