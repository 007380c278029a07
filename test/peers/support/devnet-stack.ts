import { type DevnetChain, devnetL1Addresses } from '../../../src/devnet/devnet-chain.ts'
import type { GenesisFile } from '../../../src/devnet/genesis-file.ts'
import { devnetL1Genesis } from '../../../src/devnet/l1-genesis.ts'
import { devnetL2Genesis } from '../../../src/devnet/l2-genesis.ts'
import { devnetRollupConfig } from '../../../src/devnet/rollup-config.ts'
import { genesisState } from '../../../src/embedded/genesis-state.ts'
import type { Address, Hex } from '../../../src/primitives/hex.ts'
import type { Block } from '../../../src/protocol/block.ts'
import { parseGenesis } from '../../../src/protocol/genesis.ts'
import type { L1InfoSource } from '../../../src/protocol/l1-info.ts'
import { type RollupConfig, rollupConfigToJson } from '../../../src/protocol/rollup-config.ts'
import type { DevAccount } from './dev-accounts.ts'
import type { GethProcess } from './geth-process.ts'
import { L1Chain } from './l1-chain.ts'
import { startOpGeth } from './op-geth.ts'
import { type OpNode, startOpNode } from './op-node.ts'
import type { RpcReceipt } from './rpc-types.ts'
import { TempFolder } from './temp-folder.ts'
import { waitFor } from './wait-for.ts'

/** What of an L1 block enters L2's. */
export function l1InfoSource({ hash, header }: Block): L1InfoSource {
  const { number, timestamp, baseFeePerGas = 0n, excessBlobGas } = header
  return { hash, number, timestamp, baseFeePerGas, ...(excessBlobGas === 0n && { blobBaseFee: 1n }) }
}

/** The block that a genesis file stands for. */
export function genesisBlock(file: GenesisFile): Block {
  return genesisState(parseGenesis(JSON.parse(JSON.stringify(file)))).block
}

/** A transaction for {@link DevnetStack.send}. */
export interface Sending {
  readonly from: DevAccount
  readonly to: Address
  readonly data?: Hex
  readonly value?: bigint
  readonly gas?: bigint
}

/** Real nodes on the devnet's genesis: L1 geth by the clock, op-geth, and op-node as its sequencer. */
export interface DevnetStack extends AsyncDisposable {
  readonly l1: L1Chain
  readonly el: GethProcess
  readonly node: OpNode
  readonly rollup: RollupConfig
  readonly portal: Address
  readonly systemConfig: Address
  /** Sends a transaction. @returns its receipt once it is in a block */
  send(layer: 'l1' | 'l2', transaction: Sending): Promise<RpcReceipt>
}

/**
 * Starts the stack; all of it goes when it is disposed, or when starting fails.
 * @param back seconds that L2 genesis lies in the past: the sequencer catches up at once
 */
export async function startDevnetStack(chain: DevnetChain, back = 2): Promise<DevnetStack> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(new TempFolder())
  const l1Time = BigInt(Math.floor(Date.now() / 1000) - back - 2)
  const l1File = devnetL1Genesis({ timestamp: l1Time, chains: [chain] })
  const l1Block = genesisBlock(l1File)
  const l2File = devnetL2Genesis({ chain, timestamp: l1Time + 2n, l1: l1InfoSource(l1Block) })
  const l2Block = genesisBlock(l2File)
  const rollup = devnetRollupConfig({
    chain,
    l1: { hash: l1Block.hash, number: 0n },
    l2: { hash: l2Block.hash, number: 0n, timestamp: l2Block.header.timestamp },
  })
  const l1 = stack.use(await L1Chain.start({ folder, genesis: { ...l1File } }))
  await l1.mine()
  l1.run()
  const el = stack.use(await startOpGeth({ folder, genesis: { ...l2File } }))
  const rollupFile = folder.write('rollup.json', rollupConfigToJson(rollup))
  const node = stack.use(await startOpNode({ folder, l1, el, rollupFile, sequencer: 'active' }))
  const { optimismPortal: portal, systemConfig } = devnetL1Addresses(chain.chainId)
  const owned = stack.move()
  return {
    l1,
    el,
    node,
    rollup,
    portal,
    systemConfig,
    async send(layer, { from, ...transaction }) {
      const { rpc } = layer === 'l1' ? l1.el : el
      const raw = await from.account.signTransaction({
        chainId: Number(layer === 'l1' ? rollup.l1ChainId : rollup.l2ChainId),
        nonce: Number(await rpc.call<Hex>('eth_getTransactionCount', [from.address, 'pending'])),
        maxFeePerGas: 10n ** 11n,
        maxPriorityFeePerGas: 10n ** 6n,
        gas: 500_000n,
        ...transaction,
      })
      const hash = await rpc.call<Hex>('eth_sendRawTransaction', [raw])
      return waitFor('the receipt', () => rpc.call<RpcReceipt | null>('eth_getTransactionReceipt', [hash]), {
        check: () => node.process.assertRunning(),
      })
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
