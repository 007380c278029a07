import { errorMessage, isAppError } from '../primitives/errors.ts'
import type { WaitReason } from './observer.ts'

/** Why nothing is built, and for how long at most. */
export interface Setback {
  readonly reason: WaitReason
  readonly detail: string
  /** Milliseconds. */
  readonly waitMs: number
}

/** Before what failed for a time is tried again, in milliseconds. @see op-node: Sequencer.onEngineTemporaryError */
export const RETRY_MS = 1000
/** Rules of PARENT_UNUSABLE that say that L1 is not what the parent was built on. */
const L1_RULES: readonly unknown[] = ['unknownOrigin', 'originMismatch']
/** The Engine API's statuses for a block whose parent it lacks. */
const SYNCING: readonly unknown[] = ['SYNCING', 'ACCEPTED']
const TEMPORARY: readonly string[] = ['NODE_UNAVAILABLE', 'RPC_UNAVAILABLE', 'RPC_ERROR', 'PUBLISH_REFUSED']

function reasonOf(error: unknown): WaitReason {
  if (!isAppError(error)) return 'blockRefused'
  const { code, severity, data } = error
  if (code === 'COMMIT_REFUSED') {
    if (data?.status === 'INVALID') return 'blockRefused'
    return SYNCING.includes(data?.status) ? 'engineSyncing' : 'nodeUnavailable'
  }
  if (code === 'CONDUCTOR_REFUSED') return 'notLeading'
  if (code === 'PARENT_UNUSABLE') {
    // What consensus calls the head has not come to the execution layer yet.
    if (data?.rule === 'unknownParent') return 'engineSyncing'
    return L1_RULES.includes(data?.rule) ? 'l1Reorg' : 'blockRefused'
  }
  if (severity === 'reset') return 'l1Reorg'
  return severity === 'temporary' || TEMPORARY.includes(code) ? 'nodeUnavailable' : 'blockRefused'
}

/**
 * What follows from a failure on the way to a block. What passes by itself is tried again soon, what a block or the chain is at
 * fault for after a block time.
 */
export function setbackOf(error: unknown, blockTimeMs: number): Setback {
  const reason = reasonOf(error)
  const soon = reason === 'nodeUnavailable' || reason === 'engineSyncing'
  return { reason, detail: errorMessage(error), waitMs: soon ? RETRY_MS : blockTimeMs }
}
