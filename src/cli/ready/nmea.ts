import { nmea } from '../../pipelines/nmea.ts'
import { annotateSentences } from '../../stages/nmea/annotate.ts'
import { nmeaDevice } from '../devices/nmea.ts'
import type { ReadyProtocol } from '../ready-protocol.ts'

/** NMEA 0183 and AIS. `decode` takes whatever comes for the sentences of a device `nmea`; simulated devices say who they are in their tag blocks. */
export const nmeaReady: ReadyProtocol = {
  name: 'nmea',
  decode: (to) => nmea(to, { deviceId: 'nmea', envelope: true, batch: { maxCount: 1, lingerMs: 0 } }),
  annotate: annotateSentences,
  simulated: (to) => nmea(to, { deviceId: ({ tags }) => tags?.s }),
  device: nmeaDevice,
}
