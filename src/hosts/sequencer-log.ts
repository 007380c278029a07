import { errorMessage, isAppError } from '../primitives/errors.ts'
import type { SequencerActivity, SequencerObserver } from '../sequencer/observer.ts'
import type { Logger } from '../telemetry/logger.ts'

/** Where a sequencer stands, as far as an operator has to hear of it: once, not with every block. */
function stateOf(activity: SequencerActivity): string {
  if (activity.tag === 'stopped') return 'stopped'
  return activity.tag === 'waiting' ? activity.reason : 'running'
}

/** Logs what a sequencer does. */
export function sequencerLog(logger: Logger): SequencerObserver {
  let state: string | undefined
  return {
    activity(activity) {
      const now = stateOf(activity)
      if (now === state) return
      state = now
      if (activity.tag !== 'waiting') logger.info({ state: now }, 'sequencer')
      else logger.warn({ reason: activity.reason, detail: activity.detail }, 'sequencer waits')
    },
    sealed: ({ hash, header }, { latenessMs }) =>
      logger.debug({ hash, number: Number(header.number), latenessMs }, 'block sealed'),
    delivered: ({ hash, header }, { latenessMs }) =>
      logger.debug({ hash, number: Number(header.number), latenessMs }, 'block delivered'),
    failed(error, reason) {
      // What a node did is told by the state; what is nobody's fault but ours is told with its trace.
      if (isAppError(error)) logger.debug({ reason, error: errorMessage(error) }, 'a block failed')
      else logger.error({ error }, 'a block failed')
    },
    dropped: (parent) => logger.debug({ parent }, 'a block in the making was dropped: the head has moved'),
  }
}
