import { createMPT, type MerklePatriciaTrie } from '@ethereumjs/mpt'
import { MapDB } from '@ethereumjs/util'
import {
  type Address,
  bigIntToBytes,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  toQuantity,
  toWord,
} from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'
import { encodeRlp } from '../../../src/primitives/rlp.ts'
import type { GenesisAlloc } from './l1-genesis.ts'

/**
 * Runtime code that stores what calldata says: pairs of slot and value, 64 bytes each.
 *
 * `for (i = 0; i < calldatasize; i += 64) sstore(calldataload(i), calldataload(i + 32))`
 */
export const WRITER_CODE: Hex = '0x5f5b3681101560175780602001358135556040016001565b00'

/** Calldata for {@link WRITER_CODE}. */
export function writerInput(writes: Iterable<readonly [Hash, bigint]>): Hex {
  return `0x${[...writes].map(([slot, value]) => slot.slice(2) + toWord(value).slice(2)).join('')}`
}

/** A contract whose whole storage is known, with an independent implementation of its trie. */
export class KnownContract {
  readonly address: Address
  readonly slots: ReadonlyMap<Hash, bigint>
  readonly #trie: MerklePatriciaTrie

  private constructor(address: Address, slots: ReadonlyMap<Hash, bigint>, trie: MerklePatriciaTrie) {
    this.address = address
    this.slots = slots
    this.#trie = trie
  }

  static async create(address: Address, slots: ReadonlyMap<Hash, bigint>): Promise<KnownContract> {
    const trie = await createMPT({ db: new MapDB() })
    for (const [slot, value] of slots) await put(trie, slot, value)
    return new KnownContract(address, slots, trie)
  }

  /** The contract with other values; this one stays as it is. */
  async with(writes: ReadonlyMap<Hash, bigint>): Promise<KnownContract> {
    // The database keeps nodes that are no longer referenced, so a copy costs nothing and both stay whole.
    const trie = this.#trie.shallowCopy(false)
    const slots = new Map(this.slots)
    for (const [slot, value] of writes) {
      await put(trie, slot, value)
      if (value === 0n) slots.delete(slot)
      else slots.set(slot, value)
    }
    return new KnownContract(this.address, slots, trie)
  }

  get storageRoot(): Hash {
    return bytesToHex(this.#trie.root())
  }

  /** As an account of a genesis file. */
  get alloc(): GenesisAlloc {
    const storage = Object.fromEntries([...this.slots].map(([slot, value]) => [slot, toWord(value)]))
    return { [this.address]: { balance: toQuantity(0n), nonce: '0x1', code: WRITER_CODE, storage } }
  }
}

async function put(trie: MerklePatriciaTrie, slot: Hash, value: bigint): Promise<void> {
  const key = keccak256(hexToBytes(slot))
  if (value === 0n) await trie.del(key)
  else await trie.put(key, encodeRlp(bigIntToBytes(value)))
}

/** A small generator of repeatable numbers (mulberry32). @returns a function for integers below a limit */
export function seededRandom(seed: number): (limit: number) => number {
  let state = seed >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}
