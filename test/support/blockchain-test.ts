import { bytesToHex, type Hash, hexToBytes, toWord } from '../../src/primitives/hex.ts'
import { decodeRlp, rlpList } from '../../src/primitives/rlp.ts'
import type { GenesisAccount } from '../../src/protocol/genesis.ts'
import { headerFromRlp } from '../../src/protocol/header.ts'
import type { L1ChainConfig } from '../../src/protocol/l1-chain.ts'

type AllocJson = Readonly<
  Record<string, { balance: string; nonce: string; code: Hash; storage: Readonly<Record<string, string>> }>
>

/** A case of ethereum/tests in blockchain form, as its file has it. */
export interface BlockchainTestJson {
  readonly network: string
  readonly genesisRLP: Hash
  readonly pre: AllocJson
  readonly blocks: readonly { readonly rlp: Hash; readonly expectException?: string }[]
  readonly lastblockhash: Hash
  readonly postState?: AllocJson
  readonly postStateHash?: Hash
}

function config(times: L1ChainConfig['timeForks']): L1ChainConfig {
  return {
    chainId: 1n,
    blockForks: {},
    timeForks: times,
    blobSchedule: { cancun: { target: 3, max: 6, updateFraction: 3_338_477n } },
  }
}

/** Chain configurations by the suite's names of networks. Others are older than the merge. */
export const NETWORKS: Readonly<Record<string, L1ChainConfig>> = {
  Merge: config({}),
  Paris: config({}),
  Shanghai: config({ shanghai: 0n }),
  ShanghaiToCancunAtTime15k: config({ shanghai: 0n, cancun: 15_000n }),
  Cancun: config({ shanghai: 0n, cancun: 0n }),
}

/** A state in JSON as genesis accounts. */
export function allocOf(json: AllocJson): Map<Hash, GenesisAccount> {
  const accounts = new Map<Hash, GenesisAccount>()
  for (const [address, { balance, nonce, code, storage }] of Object.entries(json)) {
    const slots = Object.entries(storage).map(([slot, value]) => [toWord(BigInt(slot)), BigInt(value)] as const)
    accounts.set(address.toLowerCase() as Hash, {
      balance: BigInt(balance),
      nonce: BigInt(nonce),
      code: hexToBytes(code),
      storage: new Map(slots.filter(([, value]) => value !== 0n)),
    })
  }
  return accounts
}

/** The header of a case's genesis block. */
export function genesisOf(test: BlockchainTestJson): ReturnType<typeof headerFromRlp> {
  const [head] = rlpList(decodeRlp(hexToBytes(test.genesisRLP)))
  if (head === undefined) throw new Error('the case has no genesis')
  return headerFromRlp(head)
}

/** What of a diff matters, in an order that does not depend on how it came about. */
export function sortedDiff(diff: ReturnType<import('../../src/evm/executor.ts').BlockExecution['diff']>): unknown {
  const accounts = [...diff.accounts].map(([address, change]) => [
    address,
    { ...change, storage: [...change.storage].sort(([a], [b]) => (a < b ? -1 : 1)) },
  ])
  return {
    accounts: accounts.sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
    codes: [...diff.codes].map(([hash, code]) => [hash, bytesToHex(code)]).sort(),
  }
}
