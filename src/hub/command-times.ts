/** How long IoT Hub locks a command for the device that received it, unless it is asked for another time; Microsoft's documentation. */
const lockMs = 60_000

/** What telling the device and settling may take of a lock. */
const settlingMs = 2000

/** How far the hub's Date may lie behind our clock in step with its own: it has whole seconds, and the answer has travelled. */
const dateLagMs = 2000

/**
 * When a command must no longer be written to its device, in milliseconds of `Date.now()`: when the hub lets it expire, or its lock has run out
 * and the hub may have given it to another connection. The expiry is a time of the hub's clock: where ours is behind the Date header of the
 * hub's answer, or more than two seconds ahead of it, it is brought over to ours, up to a second early. A clock that is slow by less than
 * a second is not noticed.
 *
 * @param expiry The `iothub-expiry` header, an ISO time in UTC; absent or unreadable is none.
 * @param date The `Date` header of the same answer.
 * @param askedAt When the request began, by our clock.
 */
export function writeBefore(
  expiry: string | undefined,
  date: string | undefined,
  askedAt: number,
  now = Date.now(),
): number {
  const lockEndsAt = askedAt + lockMs - settlingMs
  const expiresAt = Date.parse(expiry ?? '')
  // The hub writes the first moment of all time where there is no expiry.
  if (!(expiresAt > 0)) return lockEndsAt
  const hubNow = Date.parse(date ?? '')
  const lagMs = now - hubNow
  const isInStep = Number.isNaN(hubNow) || (lagMs >= 0 && lagMs <= dateLagMs)
  const aheadMs = isInStep ? 0 : hubNow + 1000 - now
  return Math.min(lockEndsAt, expiresAt - aheadMs)
}
