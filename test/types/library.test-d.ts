/** The types of the library, as its users meet them: `npm run typecheck` holds them. */
import {
  type Address,
  createPublicClient,
  createTestClient,
  createWalletClient,
  custom,
  type Hash,
  type Hex,
  http,
  parseEventLogs,
  publicActions,
  type TransactionReceipt,
  webSocket,
} from 'viem'
import { optimism } from 'viem/chains'
import { expectTypeOf } from 'vitest'
import { createDevnet, type Devnet } from '../../src/client/devnet.ts'
import { createSequencer, type SequencerConfig } from '../../src/client/sequencer.ts'
import { IncludeError, type Job, type Outcome, testSequencerActions } from '../../src/client/viem.ts'

declare const devnet: Devnet

const test = createTestClient({ transport: http(), mode: 'anvil' }).extend(testSequencerActions())
const everything = createWalletClient({ transport: webSocket(), account: '0x' })
  .extend(publicActions)
  .extend(testSequencerActions())
const chained = createPublicClient({ chain: optimism, transport: custom(devnet.chains[0]) }).extend(
  testSequencerActions(),
)

// What was there stays, and what is added is typed.
expectTypeOf(test.mine).toBeFunction()
expectTypeOf(everything.getBlockNumber).returns.resolves.toEqualTypeOf<bigint>()
expectTypeOf(test.openJob).returns.resolves.toEqualTypeOf<Job<undefined>>()
expectTypeOf(everything.jobs).returns.resolves.items.toHaveProperty('jobId').toEqualTypeOf<string>()
expectTypeOf(test.commitBlock).parameters.toEqualTypeOf<[hash: Hash]>()
expectTypeOf(test.auto).returns.resolves.toEqualTypeOf<boolean>()
expectTypeOf(test.setForkchoice).returns.resolves.toEqualTypeOf<{
  readonly head: Hash
  readonly safe: Hash
  readonly finalized: Hash
}>()

expectTypeOf(test.poolHold).returns.resolves.toEqualTypeOf<Hex>()
void test.poolHold({ selector: '0x11223344', to: '0x' })
void test.poolRelease({ sender: '0x' })
void test.poolDrop('all')
expectTypeOf(test.poolHolds).returns.resolves.items.toHaveProperty('transactions').toEqualTypeOf<readonly Hash[]>()
// @ts-expect-error a target that means nothing
void test.poolHold({ nonce: 5 })

// Blocks are chosen in every way in which viem's users write them.
void test.openJob()
for (const parent of ['latest', 5, 5n, '0x00'] as const) {
  void test.openJob({ parent, l1Origin: 'next', timestamp: 1n, gasLimit: 2, transactions: ['0x02'] })
}
// @ts-expect-error a label that no job can be opened on
void test.openJob({ parent: 'pending' })
// @ts-expect-error a typo must not build another block
void test.openJob({ l2parent: 'latest' })
// @ts-expect-error a quantity in text
void test.openJob({ timestamp: '5' })

const job = await test.openJob({ parent: 'latest' })
const result = await job.includeRaw('0x02')
expectTypeOf(result.status).toEqualTypeOf<TransactionReceipt['status']>()
expectTypeOf(result.gasUsed).toEqualTypeOf<bigint>()
expectTypeOf(result.contractAddress).toEqualTypeOf<Address | null | undefined>()
expectTypeOf(result.revertData).toEqualTypeOf<Hex | undefined>()
expectTypeOf(result).not.toHaveProperty('blockHash')
expectTypeOf(job.includeBest).returns.resolves.toEqualTypeOf<typeof result | null>()
expectTypeOf(await job.includeRawMany(['0x02'])).toEqualTypeOf<readonly (typeof result)[]>()
expectTypeOf(await job.includeRawMany(['0x02'], { allowFailure: true })).toEqualTypeOf<
  readonly Outcome<typeof result>[]
>()
void parseEventLogs({ abi: [], logs: [...result.logs] })

// With a chain, receipts are that chain's.
const onChain = await (await chained.openJob()).includeRaw('0x02')
expectTypeOf(onChain.l1Fee).toEqualTypeOf<bigint | null>()

const sealed = await job.seal({ commit: false, header: { stateRoot: '0x', gasUsed: 5n } })
expectTypeOf(sealed.number).toEqualTypeOf<bigint>()
expectTypeOf(sealed.block.hash).toEqualTypeOf<Hash>()
expectTypeOf(sealed.block.transactions[0]?.blockNumber).toEqualTypeOf<bigint | undefined>()
expectTypeOf(sealed.receipts[0]?.blockHash).toEqualTypeOf<Hash | undefined>()
// @ts-expect-error a header field that there is not
void job.seal({ header: { stateroot: '0x' } })

const view = await job.inspect()
expectTypeOf(view.header.baseFeePerGas).toEqualTypeOf<bigint>()
expectTypeOf(view.header.stateRoot).toEqualTypeOf<Hash | undefined>()
expectTypeOf(view.state).toEqualTypeOf<'open' | 'sealed' | 'cancelled'>()

declare const thrown: unknown
if (thrown instanceof IncludeError) expectTypeOf(thrown.reason).toExtend<string>()

expectTypeOf(createDevnet).returns.resolves.toEqualTypeOf<Devnet>()
expectTypeOf(devnet.chains[0].url).toEqualTypeOf<string>()
expectTypeOf(devnet.accounts).items.toHaveProperty('privateKey').toEqualTypeOf<Hex>()
expectTypeOf(devnet).toExtend<AsyncDisposable>()
// @ts-expect-error an upgrade that there is not
void createDevnet({ fork: 'london' })

const config: SequencerConfig = { chains: [{ name: 'a', rollup: 'rollup.json', el: 'embedded' }] }
void createSequencer(config)
void createSequencer('op-sequencer.yaml')
// @ts-expect-error a chain needs its rollup
void createSequencer({ chains: [{ name: 'a', el: 'embedded' }] })

// The batcher has one shape, with a client and without.
expectTypeOf(test.batcher).toEqualTypeOf<Devnet['chains'][0]['batcher']>()
expectTypeOf(test.batcher.submitBlocks).parameter(0).toHaveProperty('blocks')
expectTypeOf(test.batcher.status).returns.resolves.toHaveProperty('auto').toEqualTypeOf<boolean>()
