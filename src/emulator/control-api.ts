import { createHash, timingSafeEqual } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { type Answer, jsonAnswer, noContent } from './answer.ts'
import { parseCommand } from './command-wire.ts'
import { HubError } from './errors.ts'
import type { EventTap } from './events.ts'
import { parseFault } from './fault.ts'
import type { EmulatedHub } from './hub.ts'
import { readJson } from './request-body.ts'
import type { Call, Reply, Route } from './server.ts'

/**
 * The emulator's own API for tests and demos, which no real hub has: commands, events, faults.
 *
 * @param token Opens it to peers that are not on loopback, as `Authorization: Bearer TOKEN`.
 */
export function controlRoutes(hub: EmulatedHub, tap: EventTap, token?: string): Route[] {
  const guarded = (perform: (call: Call) => Reply | Promise<Reply>) => ({
    operation: 'control' as const,
    handle(call: Call) {
      const { socket, headers } = call.request
      if (!mayControl(socket.remoteAddress, headers.authorization, token)) {
        throw new HubError(401002, 'the control API is for loopback peers, or for those with its token')
      }
      return perform(call)
    },
  })
  const messages = '/emulator/devices/:id/messages'
  return [
    { method: 'POST', path: messages, ...guarded((call) => queueCommand(hub, call)) },
    { method: 'GET', path: messages, ...guarded(({ param }) => jsonAnswer(hub.commandStates(param('id')))) },
    {
      method: 'GET',
      path: '/emulator/events',
      ...guarded(({ response }) => {
        tap.add(response)
        return 'streaming'
      }),
    },
    {
      method: 'PUT',
      path: '/emulator/faults',
      ...guarded(async ({ request }) => {
        hub.faults.put(parseFault(await readJson(request)))
        return noContent
      }),
    },
    {
      method: 'DELETE',
      path: '/emulator/faults',
      ...guarded(() => {
        hub.faults.clear()
        return noContent
      }),
    },
  ]
}

/** Whether a peer may use the control API: any on this machine, others with the token when there is one. */
export function mayControl(
  remoteAddress: string | undefined,
  authorization: string | undefined,
  token: string | undefined,
): boolean {
  if (isLoopback(remoteAddress)) return true
  if (token === undefined || authorization === undefined) return false
  // Digests have one length, which the comparison needs, and say nothing of the token's.
  return timingSafeEqual(digest(authorization), digest(`Bearer ${token}`))
}

/** Whether an address, as a socket tells it, is this very machine: 127.0.0.0/8 and ::1, also mapped into IPv6. */
export function isLoopback(address: string | undefined): boolean {
  if (address === '::1') return true
  const ipv4 = address?.toLowerCase().replace(/^::ffff:/, '') ?? ''
  return isIPv4(ipv4) && ipv4.startsWith('127.')
}

async function queueCommand(hub: EmulatedHub, { request, param }: Call): Promise<Answer> {
  const command = parseCommand(await readJson(request))
  return jsonAnswer({ messageId: hub.queueCommand(param('id'), command) })
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
