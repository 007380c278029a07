import type { Hash } from '../../src/primitives/hex.ts'
import { eventually, type InteropWorld, type MadeBlock, type ScriptedChain } from './interop-world.ts'

interface BlockJson {
  readonly hash: Hash
  readonly number: number
}

/** `optimism_syncStatus`, as far as tests look at it. */
export interface ChainStatus {
  readonly current_l1: BlockJson
  readonly unsafe_l2: BlockJson
  readonly cross_unsafe_l2: BlockJson
  readonly local_safe_l2: BlockJson
  readonly safe_l2: BlockJson
  readonly finalized_l2: BlockJson
}

/** How far a chain's node says that it is. */
export type HeadName = Exclude<keyof ChainStatus, 'current_l1'>

/** What is looked at of a supervisor's `syncStatus`. */
export interface SupervisorStatus {
  readonly minSyncedL1: BlockJson
  readonly safeTimestamp: number
  readonly finalizedTimestamp: number
  readonly chains: Readonly<
    Record<string, Readonly<Record<'localUnsafe' | 'localSafe' | 'crossUnsafe' | 'safe' | 'finalized', BlockJson>>>
  >
}

export function statusOf(chain: ScriptedChain): Promise<ChainStatus> {
  return chain.call<ChainStatus>('optimism_syncStatus')
}

export function supervisorStatus(world: InteropWorld): Promise<SupervisorStatus> {
  return world.service<SupervisorStatus>('supervisor_syncStatus')
}

/** Waits until a head of a chain is a block, or one above it. */
export async function reaches(
  chain: ScriptedChain,
  head: HeadName,
  { hash, number }: Pick<MadeBlock, 'hash' | 'number'>,
): Promise<void> {
  let last: ChainStatus | undefined
  await eventually(`${head} of ${chain.chainId} is block ${number}`, async () => {
    last = await statusOf(chain)
    return last[head].number >= number || undefined
  }).catch((cause: unknown) => {
    throw new Error(`${head} of ${chain.chainId} does not reach ${number}: ${JSON.stringify(last)}`, { cause })
  })
  const canonical = await chain.canonical(number)
  if (canonical?.hash !== hash)
    throw new Error(`block ${number} of ${chain.chainId} is ${canonical?.hash}, not ${hash}`)
}

/** Waits until the supervisor knows the newest block of each chain: what it says of unsafe blocks is its last word then. */
export async function indexed(world: InteropWorld): Promise<SupervisorStatus> {
  return eventually('the supervisor knows the newest blocks', async () => {
    const status = await supervisorStatus(world)
    for (const chain of world.chains) {
      const head = await chain.canonical('latest')
      if (status.chains[String(chain.chainId)]?.localUnsafe.hash !== head?.hash) return undefined
    }
    return status
  })
}

/** Waits until every chain has gone through an L1 block. */
export async function traversed(world: InteropWorld, l1: { readonly number: bigint }): Promise<SupervisorStatus> {
  return eventually(`every chain has gone through L1 block ${l1.number}`, async () => {
    const status = await supervisorStatus(world)
    return status.minSyncedL1.number >= l1.number ? status : undefined
  })
}

/** Waits until the block at a height is another one than an invalid block: one that has deposits only. */
export async function replaced(
  chain: ScriptedChain,
  invalid: Pick<MadeBlock, 'hash' | 'number'>,
): Promise<{
  readonly hash: Hash
  readonly number: bigint
}> {
  const found = await eventually(`block ${invalid.number} of ${chain.chainId} is replaced`, async () => {
    const block = await chain.canonical(invalid.number)
    return block !== undefined && block.hash !== invalid.hash ? block : undefined
  })
  const { transactions } = await chain.call<{ transactions: { type: string }[] }>(
    'eth_getBlockByHash',
    found.hash,
    true,
  )
  const others = transactions.filter(({ type }) => type !== '0x7e')
  if (others.length > 0) throw new Error(`block ${found.hash} has more than deposits`)
  return found
}
