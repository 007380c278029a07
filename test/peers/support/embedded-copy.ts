import { readFile } from 'node:fs/promises'
import { embeddedReadMethods } from '../../../rpc/methods/embedded-reads.ts'
import { chainKind } from '../../../src/embedded/chain-kind.ts'
import type { ChainRules } from '../../../src/embedded/chain-rules.ts'
import { ChainStore } from '../../../src/embedded/chain-store.ts'
import { EmbeddedEngine } from '../../../src/embedded/engine.ts'
import { genesisState } from '../../../src/embedded/genesis-state.ts'
import { L1ChainRules } from '../../../src/embedded/l1-chain-rules.ts'
import { OpChainRules } from '../../../src/embedded/op-chain-rules.ts'
import { readServices } from '../../../src/embedded/read-services.ts'
import { systemClock } from '../../../src/primitives/clock.ts'
import { type Address, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { decodeBlock } from '../../../src/protocol/block.ts'
import type { ChainConfig } from '../../../src/protocol/chain-config.ts'
import { parseGenesis } from '../../../src/protocol/genesis.ts'
import type { SignedTransaction } from '../../../src/protocol/transaction.ts'
import { MemoryStore } from '../../../src/storage/memory-store.ts'
import { localRpc } from '../../support/local-rpc.ts'
import type { GethProcess } from './geth-process.ts'

function rulesOf({ chainId, op, l1 }: ChainConfig): ChainRules {
  return op === undefined ? new L1ChainRules(l1) : new OpChainRules({ chainId, forks: op.forks, constants: op.eip1559 })
}

/** A node's chain in this process: it begins with the same genesis, and takes the node's blocks one by one. */
export async function embeddedCopy(node: GethProcess) {
  const genesis = parseGenesis(JSON.parse(await readFile(node.genesisFile, 'utf8')))
  const { config } = genesis
  const chain = await ChainStore.open(new MemoryStore(), genesisState(genesis), {})
  const engine = new EmbeddedEngine(chain, rulesOf(config))
  const identity = { chainId: config.chainId, clientVersion: 'op-sequencer', accounts: [] }
  const services = readServices(engine, chainKind(config), systemClock)
  const waiting: SignedTransaction[] = []
  const pool = {
    get: (hash: Hash) => waiting.find((transaction) => transaction.hash === hash),
    networkForm: (hash: Hash) => waiting.find((transaction) => transaction.hash === hash)?.raw,
    content: async (_io: unknown, sender: Address) => ({
      pending: new Map([[sender, waiting.filter((transaction) => transaction.sender === sender)]]),
    }),
    onTransaction: () => () => undefined,
  }
  const methods = embeddedReadMethods({ identity, pool, ...services })
  return {
    engine,
    rpc: localRpc(methods),
    methods,
    /** What its pool holds: each sender's by rising nonce, all of them executable. */
    waiting,
    /** Takes a block over. */
    async take(hash: Hash): Promise<void> {
      const raw = await node.rpc.call<Hex>('debug_getRawBlock', [hash])
      const { header, transactions, withdrawals } = decodeBlock(hexToBytes(raw))
      const payload = {
        hash,
        header,
        transactions: transactions.map((tx) => tx.raw),
        ...(withdrawals && { withdrawals }),
      }
      const status = await engine.newPayload(payload, {})
      if (status.status !== 'VALID') throw new Error(`${header.number}: ${JSON.stringify(status)}`)
    },
  }
}
