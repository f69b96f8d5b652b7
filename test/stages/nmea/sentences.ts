import { type Sentence, writeSentence } from '../../../src/stages/nmea/sentence.ts'

/** A line of a sentence that says `content`, such as `GPHDT,1,T`, with its checksum and its end. */
export function sentence(content: string, tags?: Sentence['tags'], start: '$' | '!' = '$'): Buffer {
  const [address = '', ...fields] = content.split(',')
  const [talker, type] = [address.slice(0, 2), address.slice(2)]
  return Buffer.from(`${writeSentence({ tags, start, talker, type, fields })}\r\n`, 'latin1')
}

export const heading = (degrees: number) => sentence(`GPHDT,${degrees},T`)
