/**
 * A text that is a number as JSON says it, with all its digits: `007` is 7, `+5` 5, `.50` 0.50, and integers that JavaScript cannot hold
 * keep theirs. Undefined for what is no decimal number, and for those beyond 1.8e308, which whoever reads the JSON could not hold.
 */
export function jsonNumber(text: string): string | undefined {
  const [all, sign, integer = '', fraction = '', exponent] =
    /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text) ?? []
  if (all === undefined || integer + fraction === '' || !Number.isFinite(Number(text))) return undefined
  const whole = integer.replace(/^0+(?=\d)/, '') || '0'
  return `${sign === '-' ? '-' : ''}${whole}${fraction && `.${fraction}`}${exponent === undefined ? '' : `e${exponent}`}`
}

/** Whether a text is a number just as JSON would write it, so that nothing is lost by making it one: `7`, but not `007`, `+7` or `7.`. */
export function isJsonNumber(text: string): boolean {
  return /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text))
}
