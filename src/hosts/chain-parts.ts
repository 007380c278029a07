import type { CommitFollower } from '../../txpool/commit-follower.ts'
import { committedParent } from '../builder/jobs.ts'
import type { ChainReader, Committer } from '../builder/ports.ts'
import type { SealedBlocks } from '../builder/sealed-blocks.ts'
import type { SealedBlock } from '../builder/service.ts'
import { ringWants } from '../builder/standing-wants.ts'
import type { L2Client } from '../clients/l2.ts'
import type { StateRider } from '../clients/state-rider.ts'
import type { RpcOutcome } from '../clients/transport.ts'

/** With each commit, what the block after it will write by system call is read from the new state. */
export function nextBlockReads(rider: StateRider, blockTime: bigint) {
  return ({ hash, header }: SealedBlock) => {
    const block = { hash, stateRoot: header.stateRoot }
    const { calls, absorb } = rider.known(block, ringWants(header.number + 1n, header.timestamp + blockTime))
    return { calls, arrived: (outcomes: readonly RpcOutcome[]) => absorb(outcomes, block) }
  }
}

/** A chain's blocks: those that were committed here need not be asked of the node. */
export function chainReader(client: L2Client, blocks: SealedBlocks): ChainReader {
  return {
    block: async (id, io, wants) =>
      (typeof id === 'string' && id !== 'latest' ? committedParent(blocks, id) : undefined) ??
      client.block(id, io, wants),
    ancestorHash: (tip, number, io) => client.ancestorHash(tip, number, io),
  }
}

/** A committer that tells the pool what became of the chain. */
export function followedCommitter(inner: Committer, follower: CommitFollower, blocks: SealedBlocks): Committer {
  return {
    commit: async (block, io) => {
      await inner.commit(block, io)
      follower.committed(block)
    },
    setForkchoice: async (update, io) => {
      const now = await inner.setForkchoice(update, io)
      const moved = update.head === undefined ? undefined : blocks.get(now.head)
      if (moved !== undefined) follower.committed(moved)
      return now
    },
  }
}
