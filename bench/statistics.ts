/**
 * How probable it is that samples lie as far apart as these if the means of their normal distributions are `tolerance` apart: Welch's t-test, two-sided.
 * 0 to 1, and 1 where the samples are nearer than that; each has two values at least.
 */
export function welchTest(one: readonly number[], other: readonly number[], tolerance = 0): number {
  const [a, b] = [variance(one) / one.length, variance(other) / other.length]
  const beyond = Math.abs(mean(one) - mean(other)) - tolerance
  if (beyond <= 0) return 1
  // Where nothing varies, what differs does so for certain.
  if (a + b === 0) return 0
  const freedom = (a + b) ** 2 / (a ** 2 / (one.length - 1) + b ** 2 / (other.length - 1))
  return studentTails(beyond / Math.sqrt(a + b), freedom)
}

/**
 * Which of several probabilities are too small for chance, by Holm's method: however many there are, with `level` at most one of them is told
 * that is nothing but chance.
 */
export function holm(probabilities: readonly number[], level: number): readonly boolean[] {
  const order = [...probabilities.keys()].sort((a, b) => (probabilities[a] as number) - (probabilities[b] as number))
  const first = order.findIndex((index, rank) => (probabilities[index] as number) > level / (order.length - rank))
  const told = new Set(first < 0 ? order : order.slice(0, first))
  return probabilities.map((_, index) => told.has(index))
}

/** How probable a value of Student's t is that is further from 0, on either side. */
export function studentTails(t: number, freedom: number): number {
  return incompleteBeta(freedom / (freedom + t * t), freedom / 2, 1 / 2)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function variance(values: readonly number[]): number {
  const middle = mean(values)
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1)
}

/** The regularised incomplete beta function, 8.17.22 of the NIST handbook; it converges quickly below the mean of the distribution. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const factor = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)) / a
  return factor / betaFraction(x, a, b)
}

/** The continued fraction, from its inside; more terms than any x below the mean needs. */
function betaFraction(x: number, a: number, b: number): number {
  let value = 1
  for (let m = betaTerms; m >= 1; m--) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    const odd = (-(a + m - 1) * (a + b + m - 1) * x) / ((a + 2 * m - 2) * (a + 2 * m - 1))
    value = 1 + odd / (1 + even / value)
  }
  return value
}

const betaTerms = 200

/** Stirling's series, 5.11.1 of the NIST handbook, after as many steps up as it needs for twelve digits. */
function logGamma(x: number): number {
  if (x < 10) return logGamma(x + 1) - Math.log(x)
  const series = 1 / (12 * x) - 1 / (360 * x ** 3) + 1 / (1260 * x ** 5) - 1 / (1680 * x ** 7)
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series
}
