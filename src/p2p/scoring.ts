/** Scores below it are none. */
const DECAY_TO_ZERO = 0.01

/** op-node's thresholds. */
export const SCORE_THRESHOLDS = {
  gossipThreshold: -10,
  publishThreshold: -40,
  graylistThreshold: -40,
  acceptPXThreshold: 20,
  opportunisticGraftThreshold: 0.05,
} as const

/** Below it a peer that is not static is sent away. */
export const BAN_SCORE = -100

/** Milliseconds between two decays: a block's time. */
function slotOf(blockTime: bigint): number {
  return Number(blockTime) * 1000
}

/** What a counter keeps with each slot, so that ten epochs of six slots bring it to zero. */
const TEN_EPOCHS_DECAY = DECAY_TO_ZERO ** (1 / 60)

/**
 * op-node's «light» scoring of peers by gossip. No topic counts: chains move from one to the next, and nobody need follow the old
 * ones.
 * @param blockTime seconds
 */
export function peerScoreParams(blockTime: bigint, appSpecificScore: (peer: string) => number) {
  const slot = slotOf(blockTime)
  return {
    topics: {},
    appSpecificScore,
    appSpecificWeight: 1,
    IPColocationFactorWeight: -35,
    IPColocationFactorThreshold: 10,
    behaviourPenaltyWeight: -16,
    behaviourPenaltyThreshold: 6,
    behaviourPenaltyDecay: TEN_EPOCHS_DECAY,
    decayInterval: slot,
    decayToZero: DECAY_TO_ZERO,
    retainScore: 600 * slot,
  }
}

/** What counts of a peer's answers to our requests. */
export interface RequestScores {
  readonly validResponses: number
  readonly errorResponses: number
  readonly rejectedPayloads: number
}

const NO_SCORES: RequestScores = { validResponses: 0, errorResponses: 0, rejectedPayloads: 0 }
const WEIGHTS: RequestScores = { validResponses: 0.5, errorResponses: -1, rejectedPayloads: -20 }
const CAPS: RequestScores = { validResponses: 10, errorResponses: 9, rejectedPayloads: 20 }
const KINDS = ['validResponses', 'errorResponses', 'rejectedPayloads'] as const

/** op-node's scoring of peers by how they answer requests. */
export class ApplicationScores {
  readonly #peers = new Map<string, RequestScores>()

  of(peer: string): RequestScores {
    return this.#peers.get(peer) ?? NO_SCORES
  }

  /** What it adds to the peer's score. */
  score(peer: string): number {
    const counts = this.of(peer)
    return KINDS.reduce((sum, kind) => sum + counts[kind] * WEIGHTS[kind], 0)
  }

  count(peer: string, kind: keyof RequestScores): void {
    const counts = this.of(peer)
    this.#peers.set(peer, { ...counts, [kind]: Math.min(counts[kind] + 1, CAPS[kind]) })
  }

  /** Once in each slot; who has no score left is forgotten. */
  decay(): void {
    for (const [peer, counts] of this.#peers) {
      const decayed = (kind: keyof RequestScores): number => {
        const value = counts[kind] * TEN_EPOCHS_DECAY
        return value < DECAY_TO_ZERO ? 0 : value
      }
      const next = {
        validResponses: decayed('validResponses'),
        errorResponses: decayed('errorResponses'),
        rejectedPayloads: decayed('rejectedPayloads'),
      }
      if (KINDS.every((kind) => next[kind] === 0)) this.#peers.delete(peer)
      else this.#peers.set(peer, next)
    }
  }
}
