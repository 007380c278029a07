/**
 * A chain of EDR, as hardhat has it in its process: one JSON-RPC call a line, one answer a line. `bench_mine [n]` mines without
 * lines in between and answers with each block's milliseconds, `bench_chain []` with those of a further chain.
 *
 * Usage: node test/bench/edr-process.ts <index.js of @nomicfoundation/edr>
 */
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { hexToBytes } from '../../src/primitives/hex.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'

/** As much of EDR as is used here. */
interface Edr {
  readonly OP_CHAIN_TYPE: string
  EdrContext: new () => {
    registerProviderFactory(type: string, factory: unknown): Promise<void>
    createProvider(
      type: string,
      config: object,
      logger: object,
      subscriptions: object,
      decoder: unknown,
    ): Promise<Provider>
  }
  ContractDecoder: new () => unknown
  opProviderFactory(): unknown
  opGenesisState(hardfork: number): object[]
  opHardforkToString(hardfork: number): string
  readonly OpHardfork: { readonly Isthmus: number }
}

interface Provider {
  handleRequest(request: string): Promise<{ readonly data: unknown }>
}

const edr = createRequire(import.meta.url)(process.argv[2] as string) as Edr
const hardfork = edr.OpHardfork.Isthmus
const context = new edr.EdrContext()
await context.registerProviderFactory(edr.OP_CHAIN_TYPE, edr.opProviderFactory())

function createChain(chainId: bigint): Promise<Provider> {
  const funded = devAccounts.map(({ address }) => ({ address: hexToBytes(address), balance: 10n ** 22n }))
  const config = {
    allowBlocksWithSameTimestamp: false,
    allowUnlimitedContractSize: false,
    bailOnCallFailure: false,
    bailOnTransactionFailure: false,
    chainId,
    coinbase: new Uint8Array(20),
    defaultTransactionGasLimit: 16_777_216n,
    genesisState: [...edr.opGenesisState(hardfork), ...funded],
    hardfork: edr.opHardforkToString(hardfork),
    initialBaseFeePerGas: 10n ** 9n,
    initialParentBeaconBlockRoot: new Uint8Array(32),
    minGasPrice: 0n,
    mining: { autoMine: false, blockGasLimit: 60_000_000n, memPool: { order: 'Priority' } },
    network: { genesisBlockGasLimit: 60_000_000n },
    networkId: chainId,
    observability: {},
    ownedAccounts: devAccounts.map(({ privateKey }) => privateKey),
    precompileOverrides: [],
  }
  const logger = { enable: false, decodeConsoleLogInputsCallback: () => [], printLineCallback: () => undefined }
  const subscriptions = { subscriptionCallback: () => undefined }
  return context.createProvider(edr.OP_CHAIN_TYPE, config, logger, subscriptions, new edr.ContractDecoder())
}

const provider = await createChain(901n)
const others: Provider[] = []

async function handle(line: string): Promise<string> {
  const { method, params } = JSON.parse(line) as { method: string; params: readonly unknown[] }
  if (method === 'bench_mine') {
    const result: number[] = []
    const mine = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'evm_mine', params: [] })
    for (let i = 0; i < Number(params[0]); i++) {
      const start = performance.now()
      await provider.handleRequest(mine)
      result.push(performance.now() - start)
    }
    return JSON.stringify({ result })
  }
  if (method === 'bench_chain') {
    const start = performance.now()
    others.push(await createChain(902n + BigInt(others.length)))
    return JSON.stringify({ result: performance.now() - start })
  }
  const { data } = await provider.handleRequest(line)
  return typeof data === 'string' ? data : JSON.stringify(data)
}

let last: Promise<void> = Promise.resolve()
createInterface({ input: process.stdin }).on('line', (line) => {
  last = last.then(async () => void process.stdout.write(`${await handle(line)}\n`))
})
