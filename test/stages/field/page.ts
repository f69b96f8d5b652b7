import type { ByHand } from './by-hand.ts'
import type { Shape } from './census.ts'
import type { FieldProtocol } from './protocol.ts'

/** The protocols by name, each with its expression. */
export function protocolsPage(protocols: readonly FieldProtocol[], written: ReadonlyMap<string, string>): string {
  const sorted = [...protocols].sort((a, b) => a.protocol.localeCompare(b.protocol, 'en'))
  const sections = sorted.map(({ protocol, source, down }) => {
    const other = down === undefined ? '' : ` Down: ${down}.`
    return `### ${protocol}\n\n\`\`\`ts\n${written.get(protocol)}\n\`\`\`\n\nFrames: ${source}.${other}`
  })
  return sections.join('\n\n')
}

/** Shapes and those who have them. */
export function shapesPage(shapes: readonly Shape[]): string {
  const rows = shapes.map(({ protocols, traccar, expression }) => `| ${protocols} | ${traccar} | \`${expression}\` |`)
  return ['| Traccar protocols | Traccar’s decoder | here |', '| --- | --- | --- |', ...rows].join('\n')
}

/** Decoders written by hand and what takes their place. */
export function byHandPage(decoders: readonly ByHand[]): string {
  const rows = decoders.map(({ protocols, shapes, does, here, but }) => {
    const place = [here, but].filter((each) => each !== undefined).join('; ')
    return `| ${protocols} | ${shapes.join(', ') || '–'} | ${does} | ${place} |`
  })
  return ['| Traccar protocols | shape | what it does | here |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

/** The document with what stands between the two comments of that name put anew. */
export function withSection(document: string, name: string, content: string): string {
  const begin = `<!-- ${name}, generated -->\n`
  const end = `\n<!-- end of ${name} -->`
  const from = document.indexOf(begin)
  const to = document.indexOf(end)
  if (from < 0 || to < 0) throw new Error(`the document has no section ${name}`)
  return document.slice(0, from + begin.length) + content + document.slice(to)
}
