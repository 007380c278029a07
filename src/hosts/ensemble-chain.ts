import { LRUCache } from 'lru-cache'
import type { Jobs } from '../builder/jobs.ts'
import type { ChainReader, Committer, Publisher } from '../builder/ports.ts'
import type { ProvenBlobs } from '../builder/proven-blobs.ts'
import type { BlockRules } from '../builder/rules.ts'
import type { SealedBlocks } from '../builder/sealed-blocks.ts'
import type { L1OpenOptions, OpenOptions, SealedBlock } from '../builder/service.ts'
import type { BlockSignatures } from '../delivery/block-signatures.ts'
import { stepFailed } from '../ensemble/errors.ts'
import type {
  BlockCommitter,
  BlockPublisher,
  BuiltBlob,
  BuiltBlock,
  ChainBuilding,
  SequencingSwitch,
  Signer,
} from '../ensemble/ports.ts'
import { checkStatedHash } from '../ensemble/stated-hash.ts'
import { bigIntToPadded, concatBytes, type Hash, hexToBytes } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import { keccakHash } from '../primitives/keccak.ts'

/** What builders, committers and the like of op-test-sequencer's API have of a hosted chain. */
export interface EnsembleChain {
  readonly building: ChainBuilding
  readonly sealedBlocks: SealedBlocks
  readonly signer: Signer
  readonly committer: BlockCommitter
  readonly publisher: BlockPublisher
  /** Undefined where nothing sequences the chain by itself. */
  readonly sequencing: SequencingSwitch | undefined
  /** The op-node that blocks are inserted through. */
  readonly insertsThrough: string | undefined
}

/** What is needed of a hosted L2 chain. */
export interface L2EnsembleParts {
  readonly jobs: Jobs
  readonly rules: BlockRules<OpenOptions>
  readonly committer: Committer | undefined
  readonly publisher: Publisher | undefined
  readonly signatures: BlockSignatures | undefined
  readonly sealedBlocks: SealedBlocks
  readonly sequencing: SequencingSwitch | undefined
  readonly insertsThrough: string | undefined
}

/** An L2 chain: blocks hold deposits and what is included, and nothing of the pool. */
export function l2EnsembleChain(parts: L2EnsembleParts): EnsembleChain {
  const { jobs, rules, committer, publisher, signatures, sealedBlocks, sequencing, insertsThrough } = parts
  return {
    building: {
      async settle({ parent, l1Origin }, io) {
        // Tests ask for blocks before their L1 origin, too.
        const draft = await rules.draft({ l2Parent: parent ?? 'latest', l1Origin: l1Origin ?? 'same', force: true }, io)
        return draft.parent.hash
      },
      open: ({ parent, l1Origin }, transactions, io) =>
        jobs.open({ l2Parent: parent, l1Origin: l1Origin ?? 'same', transactions, force: true }, io),
      includeRaw: (jobId, raw, io) => jobs.includeRaw(jobId, raw, io),
      seal: async (jobId, io) => {
        const block = await jobs.seal(jobId, { commit: false, publish: false }, io)
        return { layer: 'l2', block }
      },
      cancel: (jobId, io) => jobs.cancel(jobId, io),
    },
    sealedBlocks,
    sequencing,
    insertsThrough,
    signer: {
      sign: async (block, io) =>
        signatures === undefined ? { block } : { block, signature: await signatures.of(block, io) },
    },
    committer: {
      async commit({ block }, io) {
        if (sealedBlocks.get(block.hash) !== undefined) return jobs.commit(block.hash, io)
        if (committer === undefined) throw stepFailed('this chain inserts blocks nowhere (insert: none)')
        checkStatedHash(block)
        await committer.commit(block, io)
      },
    },
    publisher: {
      async publish({ block }, io) {
        // Without gossip there is nobody to tell.
        if (publisher === undefined) return
        if (sealedBlocks.get(block.hash) !== undefined) return jobs.publish(block.hash, io)
        await publisher.publish(block, io)
      },
    },
  }
}

/** What is needed of an L1 whose blocks are made here. */
export interface L1EnsembleParts {
  readonly jobs: Jobs<L1OpenOptions>
  readonly rules: BlockRules<L1OpenOptions>
  readonly chain: ChainReader
  readonly blobs: ProvenBlobs
  readonly sealedBlocks: SealedBlocks
  readonly sequencing: SequencingSwitch | undefined
}

const MAX_PARENTS = 1024

function tips({ header, transactions }: SealedBlock): bigint {
  const baseFee = header.baseFeePerGas ?? 0n
  return transactions.reduce((sum, { gasUsed, effectiveGasPrice }) => sum + gasUsed * (effectiveGasPrice - baseFee), 0n)
}

/** No sibling has the hash of another, even with the same transactions. */
function siblingRandao(parent: Hash, nth: number): Hash {
  return keccakHash(concatBytes(hexToBytes(parent), bigIntToPadded(BigInt(nth), 8)))
}

/** A mocked L1: blocks hold what is included and then what the pool has, and are the head as soon as they are sealed. */
export function l1EnsembleChain(parts: L1EnsembleParts): EnsembleChain {
  const { jobs, rules, chain, blobs, sealedBlocks, sequencing } = parts
  const opened = new LRUCache<Hash, number>({ max: MAX_PARENTS })

  /** The first child of a block is what the chain would make of it; each further one is another block. */
  async function variation(parent: Hash, io: IoOptions): Promise<{ readonly prevRandao?: Hash }> {
    const nth = opened.get(parent) ?? 0
    const block = await chain.block(parent, io)
    const child = block && (await chain.block(block.header.number + 1n, io))
    opened.set(parent, nth + 1)
    return nth === 0 && child === undefined ? {} : { prevRandao: siblingRandao(parent, nth) }
  }

  async function blobsOf({ transactions }: SealedBlock): Promise<readonly BuiltBlob[]> {
    const hashes = transactions.flatMap(({ transaction }) =>
      transaction.type === 3 ? transaction.blobVersionedHashes : [],
    )
    const found = await Promise.all(hashes.map((hash) => blobs.find(hash, false)))
    return found.filter((blob) => blob !== undefined)
  }

  async function built(block: SealedBlock): Promise<BuiltBlock> {
    return { layer: 'l1', block, value: tips(block), blobs: await blobsOf(block) }
  }

  return {
    building: {
      async settle({ parent, l1Origin }, io) {
        if (l1Origin !== undefined) throw stepFailed('an L1 block has no L1 origin')
        return (await rules.draft({ parent: parent ?? 'latest' }, io)).parent.hash
      },
      async open({ parent }, transactions, io) {
        const jobId = await jobs.open({ parent, transactions, ...(await variation(parent, io)) }, io)
        try {
          await jobs.includeAll(jobId, io)
          return jobId
        } catch (error) {
          await jobs.cancel(jobId, io)
          throw error
        }
      },
      includeRaw: (jobId, raw, io) => jobs.includeRaw(jobId, raw, io),
      seal: async (jobId, io) => built(await jobs.seal(jobId, { commit: true, publish: false }, io)),
      cancel: (jobId, io) => jobs.cancel(jobId, io),
    },
    sealedBlocks,
    sequencing,
    insertsThrough: undefined,
    signer: { sign: async (block) => ({ block }) },
    committer: {
      async commit({ block }) {
        if (sealedBlocks.get(block.hash)?.committed === true) return
        throw stepFailed('only blocks that were built here can stand on this L1')
      },
    },
    publisher: {
      async publish() {
        // There is no gossip.
      },
    },
  }
}
