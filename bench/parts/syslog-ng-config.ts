/** What a syslog-ng shall do with the lines that it takes. */
export interface SyslogNgPlan {
  /** Every line is parsed as JSON. */
  readonly parsed: boolean
  /** A slow hub holds the devices; else what does not fit into a queue of 10,000 is dropped. */
  readonly flowControl: boolean
}

/** Where it takes lines and sends batches. */
export interface SyslogNgPlace {
  readonly port: number
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly caFile: string
}

const connections = 100

/**
 * A configuration: lines over TCP, batches of 100 or of what comes in 50 ms over four connections. With flow control the window of all
 * connections together must fit into the destination's queue.
 */
export function syslogNgConfig({ parsed, flowControl }: SyslogNgPlan, place: SyslogNgPlace): string {
  const headers = Object.entries(place.headers).map(([name, value]) => `'${name}: ${value}'`)
  const entry = `{"body":"$(base64-encode $MSG)","base64Encoded":true,"properties":{"iothub-contenttype":"application/json","iothub-contentencoding":"utf-8"}}`
  return `@version: 3.35
options { stats-freq(0); stats-level(1); use-dns(no); };
source devices {
  network(transport("tcp") ip("127.0.0.1") port(${place.port}) flags(no-parse)
    max-connections(${connections}) log-iw-size(${100 * connections}));
};
parser readings { json-parser(prefix(".json.")); };
destination hub {
  http(
    url("${place.url}") method("POST")
    headers(${headers.join(', ')})
    body('${entry}') body-prefix("[") delimiter(",") body-suffix("]")
    batch-lines(100) batch-timeout(50) workers(4) log-fifo-size(10000)
    tls(ca-file("${place.caFile}") peer-verify(yes))
  );
};
log { source(devices); ${parsed ? 'parser(readings); ' : ''}destination(hub);${flowControl ? ' flags(flow-control);' : ''} };
`
}
