/** Appends to a store for eight devices at once until it is killed, and prints what was acknowledged: `deviceId number`. */
import { writeSync } from 'node:fs'
import { silentLog } from '../../../src/core/connection.ts'
import { disk } from '../../../src/hub/spool/disk.ts'
import { reading } from '../rig.ts'

const [dir, round] = process.argv.slice(2) as [string, string]
const store = disk({ dir })
await store.open(silentLog)
await Promise.all(
  Array.from({ length: 8 }, async (_, at) => {
    const deviceId = `d${round}-${at}`
    for (let number = 0; ; number += 2) {
      await store.append(deviceId, [reading(String(number)), reading(String(number + 1))], undefined)
      writeSync(1, `${deviceId} ${number + 1}\n`)
    }
  }),
)
