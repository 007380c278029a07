import { createEvm } from '../../src/evm/chain.ts'
import { evmBlock, type MessageResult, runTopMessage } from '../../src/evm/message-call.ts'
import { StateAdapter } from '../../src/evm/state-adapter.ts'
import { type Address, type Hex, hexToBytes, ZERO_ADDRESS, ZERO_HASH } from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccakHash } from '../../src/primitives/keccak.ts'
import type { GenesisAccount } from '../../src/protocol/genesis.ts'
import type { AccessListEntry } from '../../src/protocol/transaction.ts'
import type { StateReader } from '../../src/state/diff.ts'
import { Overlay } from '../../src/state/overlay.ts'

/** A call, as a transaction's outermost message. */
export interface AllocCall {
  /** The zero address when left out. */
  readonly from?: Address
  readonly to: Address
  readonly data?: Hex
  readonly value?: bigint
  readonly accessList?: readonly AccessListEntry[]
}

/** What the calls of an {@link AllocEvm} see of their block. */
const ALLOC_BLOCK = {
  number: 100n,
  timestamp: 5_000n,
  gasLimit: 60_000_000n,
  baseFeePerGas: 7n,
  prevRandao: `0x${'ab'.repeat(32)}`,
  feeRecipient: `0x${'fe'.repeat(20)}`,
  parentHash: ZERO_HASH,
} as const

/** The contracts of a genesis, to be called without blocks, fees and signatures. What a call changes stays. */
export class AllocEvm {
  readonly overlay: Overlay
  readonly #evm: ReturnType<typeof createEvm>

  /** @param options.rules of the EVM: Prague's when left out, or those of the merge */
  constructor(
    alloc: ReadonlyMap<Address, GenesisAccount>,
    options: { readonly chainId?: bigint; readonly rules?: 'prague' | 'paris' } = {},
  ) {
    const codes = new Map([...alloc.values()].map(({ code }) => [keccakHash(code), code]))
    const reader: StateReader = {
      account: (address) => {
        const account = alloc.get(address)
        if (account === undefined) return undefined
        const { nonce, balance, code } = account
        return { nonce, balance, codeHash: keccakHash(code), storageRoot: EMPTY_TRIE_ROOT }
      },
      slot: (address, slot) => alloc.get(address)?.storage.get(slot) ?? 0n,
      code: (hash) => codes.get(hash) ?? new Uint8Array(0),
    }
    this.overlay = new Overlay(reader)
    const prague = options.rules !== 'paris'
    this.#evm = createEvm({
      chainId: options.chainId ?? 901n,
      rules: { shanghai: prague, cancun: prague, prague, osaka: false },
      state: new StateAdapter(this.overlay),
      ancestorHash: async (number) => hexToBytes(keccakHash(Uint8Array.of(Number(number)))),
    })
  }

  call({ from = ZERO_ADDRESS, to, data = '0x', value = 0n, accessList = [] }: AllocCall): Promise<MessageResult> {
    this.overlay.beginTransaction()
    return runTopMessage(this.#evm, evmBlock({ ...ALLOC_BLOCK, ancestorHash: async () => undefined }, 1n), {
      from,
      to,
      value,
      data: hexToBytes(data),
      gas: 100_000_000n,
      gasPrice: 7n,
      accessList,
      warm: [],
      blobVersionedHashes: [],
      refund: 0n,
    })
  }
}
