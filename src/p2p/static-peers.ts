import type { Clock } from '../primitives/clock.ts'
import type { IoOptions } from '../primitives/io.ts'

/** Milliseconds between two looks at a connection. */
const LOOK_MS = 500
/** Milliseconds to the next dial: doubled with each one that fails. */
const FIRST_MS = 500
const LAST_MS = 30_000
/** Milliseconds after which a connection counts as one that held. */
const HELD_MS = 10_000
const DIAL_TIMEOUT_MS = 30_000

/** A peer that is dialled whenever it is not there. */
export interface StaticPeer {
  readonly id: string
  /** A multiaddress. */
  readonly address: string
}

/** How static peers are kept. */
export interface StaticPeersParts {
  readonly clock: Clock
  readonly isConnected: (id: string) => boolean
  readonly dial: (address: string, io: IoOptions) => Promise<void>
  /** Undefined: it is there. */
  readonly onTrouble: (id: string, error: unknown) => void
}

/** Keeps one peer until the signal is aborted. */
async function keep({ id, address }: StaticPeer, parts: StaticPeersParts, signal: AbortSignal): Promise<void> {
  const { clock, isConnected, dial, onTrouble } = parts
  let wait = FIRST_MS
  while (!signal.aborted) {
    const since = clock.now()
    try {
      if (!isConnected(id))
        await dial(address, { signal: AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]) })
    } catch (error) {
      signal.throwIfAborted()
      onTrouble(id, error)
    }
    while (isConnected(id)) await clock.sleep(LOOK_MS, { signal })
    if (clock.now() - since >= HELD_MS) wait = FIRST_MS
    await clock.sleep(wait, { signal })
    wait = Math.min(LAST_MS, wait * 2)
  }
}

/** Keeps static peers until the signal is aborted: who is gone is dialled again, ever more slowly. */
export async function keepStaticPeers(
  peers: readonly StaticPeer[],
  parts: StaticPeersParts,
  signal: AbortSignal,
): Promise<void> {
  try {
    await Promise.all(peers.map((peer) => keep(peer, parts, signal)))
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
