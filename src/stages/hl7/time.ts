/** An HL7 time that names its zone, `YYYY[MM[DD[HH[MM[SS[.S…]]]]]]±ZZZZ`; undefined for any other: whose local time it is, it does not say. */
export function utcOf(text: string): Date | undefined {
  const parts = /^(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\.\d{1,4})?([+-])(\d\d)(\d\d)$/.exec(text)
  if (parts === null) return undefined
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction = '', ...zone] = parts
  const [sign, zoneHours, zoneMinutes] = zone
  const date = new Date(
    `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}${sign}${zoneHours}:${zoneMinutes}`,
  )
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** A date as an HL7 time to the second, in UTC: `YYYYMMDDHHMMSS`. */
export function hl7Time(date: Date): string {
  return date.toISOString().replace(/\D/g, '').slice(0, 14)
}
