import { blobProof, commitmentOf } from '../../../src/evm/kzg.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes, toQuantity } from '../../../src/primitives/hex.ts'
import { encodeNetworkTransaction, versionedHash } from '../../../src/protocol/blob-sidecar.ts'
import { batcher, type DevAccount } from './dev-accounts.ts'
import { L1_CHAIN_ID } from './l1-genesis.ts'
import type { MockL1 } from './mock-l1.ts'

/** One transaction of an L1 block. */
export interface L1Item {
  readonly data?: Uint8Array
  /** 131 072 bytes each. */
  readonly blobs?: readonly Uint8Array[]
  /** The batcher when left out. */
  readonly from?: DevAccount
  /** The batch inbox when left out, a contract creation when null. */
  readonly to?: Address | null
  /** `eip1559` when left out, `eip4844` with blobs. */
  readonly type?: 'legacy' | 'eip2930' | 'eip7702'
}

/** An L1 block that was written. */
export interface WrittenBlock {
  readonly number: number
  readonly hash: Hash
  /** Unix seconds. */
  readonly timestamp: number
}

/** Where an L1 block stands. */
export interface L1Place {
  /** Unix seconds; the parent's plus the L1's block time when left out. */
  readonly timestamp?: number
  /** The head when left out. */
  readonly parent?: Hash
  /** Makes it another block than one that has all else in common with it. */
  readonly extraData?: Hex
}

const GAS_PER_BYTE = 50n

async function sidecarOf(blobs: readonly Uint8Array[]) {
  const commitments = await Promise.all(blobs.map(commitmentOf))
  const proofs = await Promise.all(blobs.map((blob, index) => blobProof(blob, commitments[index] as Uint8Array)))
  return { version: 0 as const, blobs, commitments, proofs }
}

/** Writes L1 blocks transaction by transaction, on any branch. */
export class L1Writer {
  readonly l1: MockL1
  readonly inbox: Address

  constructor(l1: MockL1, inbox: Address) {
    this.l1 = l1
    this.inbox = inbox
  }

  /** Makes a block of exactly these transactions, and makes it the head. */
  async mine(items: readonly L1Item[] = [], place: L1Place = {}): Promise<WrittenBlock> {
    const parent = place.parent ?? (await this.l1.hashOf('latest'))
    const nonces = new Map<DevAccount, number>()
    const transactions: Hex[] = []
    for (const item of items) {
      const from = item.from ?? batcher
      const nonce = nonces.get(from) ?? (await this.#nonce(from, parent))
      nonces.set(from, nonce + 1)
      transactions.push(await this.#sign(item, from, nonce))
    }
    const sealed = await this.l1.block(transactions, {
      parent,
      ...(place.timestamp !== undefined && { timestamp: toQuantity(place.timestamp) }),
      ...(place.extraData !== undefined && { extraData: place.extraData }),
    })
    const { hash, number, block } = sealed
    return { hash, number: Number(number), timestamp: Number(block.timestamp) }
  }

  /** Makes a block of what the L1's pool has. */
  async minePool(place: L1Place = {}): Promise<WrittenBlock> {
    const { rpc } = this.l1
    const job = await this.l1.open(place.timestamp === undefined ? {} : { timestamp: toQuantity(place.timestamp) })
    while ((await rpc.call('test_includeBest', [job])) !== null);
    const { hash, number, block } = await this.l1.seal(job)
    return { hash, number: Number(number), timestamp: Number(block.timestamp) }
  }

  /** The newest block. */
  async head(): Promise<WrittenBlock> {
    const { number, hash, timestamp } = await this.l1.el.block('latest')
    return { hash, number: Number(number), timestamp: Number(timestamp) }
  }

  /** Puts L1's own labels on blocks of its chain, by number. */
  async label(safe: number, finalized: number): Promise<void> {
    const [safeHash, finalizedHash] = [await this.l1.hashOf(safe), await this.l1.hashOf(finalized)]
    await this.l1.rpc.call('test_setForkchoice', [{ safe: safeHash, finalized: finalizedHash }])
  }

  async #nonce({ address }: DevAccount, parent: Hash): Promise<number> {
    return Number(await this.l1.el.rpc.call<Hex>('eth_getTransactionCount', [address, { blockHash: parent }]))
  }

  async #sign(item: L1Item, from: DevAccount, nonce: number): Promise<Hex> {
    const { data = new Uint8Array(), type = 'eip1559' } = item
    const to = item.to === undefined ? this.inbox : item.to
    const gas = 200_000n + GAS_PER_BYTE * BigInt(data.length)
    const common = { chainId: L1_CHAIN_ID, nonce, gas, data: bytesToHex(data), ...(to !== null && { to }) }
    const fees = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n }
    if (item.blobs !== undefined) {
      const sidecar = await sidecarOf(item.blobs)
      const raw = await from.account.signTransaction({
        ...{ ...common, ...fees, type: 'eip4844', maxFeePerBlobGas: 10n ** 12n },
        blobVersionedHashes: sidecar.commitments.map(versionedHash),
      } as never)
      return bytesToHex(encodeNetworkTransaction({ raw: hexToBytes(raw), sidecar }))
    }
    const priced = type === 'legacy' || type === 'eip2930' ? { gasPrice: 10n ** 11n } : fees
    const authorizationList =
      type === 'eip7702'
        ? [await from.account.signAuthorization?.({ chainId: 0, address: this.inbox, nonce: 1_000_000 })]
        : undefined
    return from.account.signTransaction({ ...common, ...priced, type, authorizationList } as never)
  }
}
