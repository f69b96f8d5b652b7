/** Where a flow takes lines and sends batches. */
export interface FlowPlace {
  readonly port: number
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Parses each line and collects, of all connections together, 100 or what comes in 50 ms. Written as one writes functions of Node-RED: without them
 * a reading would cost a request.
 */
function collecting(headers: FlowPlace['headers']): { initialize: string; func: string } {
  return {
    initialize: `context.set('entries', [])`,
    func: `
      const flush = () => {
        clearTimeout(context.get('timer'))
        context.set('timer', undefined)
        const entries = context.get('entries')
        if (entries.length === 0) return
        context.set('entries', [])
        node.send({ payload: '[' + entries.join(',') + ']', headers: ${JSON.stringify(headers)} })
      }
      JSON.parse(msg.payload)
      const entries = context.get('entries')
      entries.push('{"body":"' + Buffer.from(msg.payload).toString('base64') + '","base64Encoded":true,' +
        '"properties":{"iothub-contenttype":"application/json","iothub-contentencoding":"utf-8"}}')
      if (entries.length === 100) flush()
      else if (entries.length === 1) context.set('timer', setTimeout(flush, 50))
      node.done()`,
  }
}

/** A flow file: tcp in by lines, the function, an HTTP request over connections that are kept. */
export function nodeRedFlow({ port, url, headers }: FlowPlace): string {
  const common = { z: 'tab', x: 0, y: 0 }
  return JSON.stringify([
    { id: 'tab', type: 'tab', label: 'gateway' },
    {
      ...common,
      id: 'in',
      type: 'tcp in',
      server: 'server',
      host: '127.0.0.1',
      port: String(port),
      datamode: 'stream',
      datatype: 'utf8',
      newline: '\\n',
      wires: [['collect']],
    },
    { ...common, id: 'collect', type: 'function', outputs: 1, ...collecting(headers), wires: [['post']] },
    {
      ...common,
      id: 'post',
      type: 'http request',
      method: 'POST',
      ret: 'txt',
      url,
      persist: true,
      wires: [['answer']],
    },
    // Node-RED hands on an answer of any status: one that is no success must be seen.
    {
      ...common,
      id: 'answer',
      type: 'function',
      outputs: 0,
      func: `if (msg.statusCode !== 204) node.error('the hub answered ' + msg.statusCode + ' ' + msg.payload)`,
      wires: [],
    },
  ])
}

/** A settings file: no editor, no HTTP server, nothing asked of the network, and no more said than what went wrong and that it started. */
export const nodeRedSettings = `module.exports = {
  httpAdminRoot: false,
  httpNodeRoot: false,
  disableEditor: true,
  telemetry: { enabled: false, updateNotification: false },
  externalModules: { autoInstall: false, palette: { allowInstall: false }, modules: { allowInstall: false } },
  logging: { console: { level: 'info', metrics: false, audit: false } },
}
`
