import fc from 'fast-check'
import { privateKeyToAccount } from 'viem/accounts'
import { describe, it } from 'vitest'
import { type Address, type Hash, type Hex, hexToBytes, toQuantity, toWord } from '../../src/primitives/hex.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import { PLAIN_FORKCHOICE_UPDATED } from '../../src/protocol/engine-versions.ts'
import { genesisHeader, parseGenesis } from '../../src/protocol/genesis.ts'
import { decodeTransaction, type SignedTransaction } from '../../src/protocol/transaction.ts'
import { L1Import } from '../support/l1-import.ts'
import { type Action, VARIED } from './support/block-plan.ts'
import { embeddedCopy } from './support/embedded-copy.ts'
import { staggered } from './support/fork-schedule.ts'
import { type GethProcess, startGeth } from './support/geth-process.ts'
import type { JsonRpcCall } from './support/json-rpc.ts'
import { depositPlan, L1Sender } from './support/l1-events.ts'
import { FUNDS, L1_CHAIN_ID, l1Genesis } from './support/l1-genesis.ts'
import { startSequencedChain } from './support/op-sequencer.ts'
import { type OpenJob, RandomChain } from './support/random-chain.ts'
import { RANDOM_L1_ALLOC, RandomL1Chain } from './support/random-l1-chain.ts'
import { labelCalls, logFilters, newerCalls, ofTransaction, readCalls } from './support/read-calls.ts'
import type { RpcBlock } from './support/rpc-types.ts'
import { expectSameAnswers } from './support/same-answers.ts'
import { FACTORY, PREDEPLOYS, STORE, scenery } from './support/scenery.ts'
import { TempFolder } from './support/temp-folder.ts'
import { SIGNERS, type TxMaker } from './support/tx-maker.ts'
import { withoutTime } from './support/without-time.ts'

const SEED = Number(process.env.OP_SEQUENCER_SEED ?? Date.now() % 1_000_000_007)
const L1_BLOCK_TIME = 12
/** In the order of their activation; the chain begins before the first. */
const L1_FORKS = ['shanghai', 'cancun', 'prague', 'osaka', 'bpo1', 'bpo2'] as const
const BLOBS = {
  cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
  prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
  osaka: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
  bpo1: { target: 10, max: 15, baseFeeUpdateFraction: 8_346_193 },
  bpo2: { target: 14, max: 21, baseFeeUpdateFraction: 11_684_671 },
}
/** Nobody but the pool hears of this account. */
const SAVER = privateKeyToAccount(keccakHash(new TextEncoder().encode('saver')))
const PRICES = [{ method: 'eth_gasPrice' }, { method: 'eth_maxPriorityFeePerGas' }]

async function canonical(node: GethProcess): Promise<RpcBlock[]> {
  const blocks: RpcBlock[] = []
  for (let number = 0; number <= (await node.blockNumber()); number++) blocks.push(await node.block(number))
  return blocks
}

async function filtersOf(node: GethProcess): Promise<object[]> {
  return logFilters(await node.rpc.call('eth_getLogs', [{ fromBlock: '0x0', toBlock: 'latest' }]))
}

/** Accounts of every sort: with ether, with code, with storage, system accounts, and one that is not there. */
function accountsOf(maker: TxMaker): Address[] {
  const made = maker.deployed.filter((_address, index) => index % Math.ceil(maker.deployed.length / 6) === 0)
  const all = [...SIGNERS.map(({ address }) => address), ...PREDEPLOYS, STORE, FACTORY, ...made]
  return [...new Set([...all, `0x${'cc'.repeat(20)}` as const])]
}

/** Errors in the words, and with the number, that geth had for them before 1.17. */
const BEFORE_117: readonly (readonly [RegExp, string])[] = [
  [/^storage key too long.*/, 'hex string too long, want at most 32 bytes'],
  [/^invalid hex in storage key.*/, 'hex string invalid'],
  [/^block range extends beyond current head block$/, 'invalid block range params'],
  [/^invalid block range params$/, 'invalid block range params'],
  [/^pending logs are not supported$/, 'pending logs are not supported'],
]

/** Our answer, which is that of the release which op-geth is made of, as geth 1.16 gives it. */
function asGeth116(answer: unknown, { method, params }: JsonRpcCall): unknown {
  const { error } = answer as { error?: { message: string } }
  const [pattern, words] = BEFORE_117.find(([told]) => error !== undefined && told.test(error.message)) ?? []
  if (error === undefined || pattern === undefined || words === undefined) return withoutTime(answer)
  // A range that ends before the head where it begins was empty.
  const { fromBlock = 'latest' } = (params?.[0] ?? {}) as { fromBlock?: string }
  if (error.message === 'invalid block range params' && fromBlock === 'latest') return { result: [] }
  const before = method === 'eth_getStorageAt' ? 'unable to decode storage key: ' : ''
  return { error: { code: -32000, message: before + error.message.replace(pattern, words) } }
}

/** One transaction of each type that the pool of an L2 takes, by rising nonce. */
async function waitingTransactions(): Promise<Hex[]> {
  const body = { chainId: 901, to: STORE, value: 7n, gas: 200_000n, data: '0x01' } as const
  const accessList = [{ address: STORE, storageKeys: [toWord(3n)] }]
  const fees = { maxFeePerGas: 10n ** 12n, maxPriorityFeePerGas: 10n ** 9n }
  const authorization = await SIGNERS[2]?.account.signAuthorization?.({ address: STORE, chainId: 901, nonce: 999 })
  if (authorization === undefined) throw new Error('the third signer signs no authorizations')
  return Promise.all([
    SAVER.signTransaction({ ...body, type: 'legacy', nonce: 0, gasPrice: 10n ** 12n }),
    SAVER.signTransaction({ ...body, type: 'eip2930', nonce: 1, gasPrice: 10n ** 12n, accessList }),
    SAVER.signTransaction({ ...body, type: 'eip1559', nonce: 2, accessList, ...fees }),
    SAVER.signTransaction({ ...body, type: 'eip7702', nonce: 3, authorizationList: [authorization], ...fees }),
  ])
}

/** Lets transactions burn gas until the next one does not fit. */
async function fillUp(random: RandomChain, job: OpenJob): Promise<void> {
  const burn: Action = { kind: 'init', program: { steps: [], ending: { kind: 'loop' } } }
  for (let sender = 0; sender < 100; sender++) {
    const tip = 1_000_000n * BigInt(sender + 1)
    if ((await random.include(job, burn, { type: 'eip1559', sender, tip, list: [] })) === undefined) return
  }
  throw new Error('the block is not full yet')
}

describe(`an embedded chain answers as the node that it is a copy of, seed ${SEED}`, () => {
  it('op-geth, from Bedrock to Jovian', { timeout: 300_000 }, async () => {
    const blocksPerFork = 4
    await using chain = await startSequencedChain({
      forks: (time) => staggered(time, 2 * blocksPerFork),
      alloc: { ...scenery(), [SAVER.address]: { balance: FUNDS } },
    })
    const { el, l1 } = chain
    const copy = await embeddedCopy(el)
    const random = new RandomChain(chain, SEED, VARIED)
    const sender = new L1Sender(l1)
    const sides: Hash[] = []
    let tip = await el.block(0)
    const follow = async (): Promise<void> => {
      await copy.take(tip.hash)
      await copy.engine.forkchoiceUpdated({ head: tip.hash }, {})
      await expectSameAnswers(el.rpc, copy.rpc, PRICES)
    }
    while (Number(tip.number) < blocksPerFork * 10) {
      const number = Number(tip.number) + 1
      if (number % 6 === 0) {
        for (const { from, to, creation, ...rest } of random.draw(fc.array(depositPlan, { maxLength: 3 }))) {
          const target = creation ? {} : { to: random.maker.target(to) }
          await sender.deposit({ from: random.maker.target(from), ...target, ...rest })
        }
        await l1.mine()
      }
      // The first block of a fork takes no transactions.
      const quiet = number % blocksPerFork === 0
      // Full ones are what op-geth's suggestion of a tip looks at.
      const full = number > 3 * blocksPerFork && number % 5 === 0 && !quiet
      const job = await random.open(tip, full ? { gasLimit: toQuantity(8_000_000) } : {})
      const side = number % 7 === 3 ? await random.open(tip) : undefined
      if (!quiet) await random.fill(job, 10)
      if (full) await fillUp(random, job)
      if (side !== undefined) {
        await random.fill(side, 4)
        const { hash } = await random.seal(side, 'side')
        await copy.take(hash)
        sides.push(hash)
      }
      tip = (await random.seal(job, 'commit')).block as unknown as RpcBlock
      await follow()
    }
    // No label was set so far.
    await expectSameAnswers(el.rpc, copy.rpc, labelCalls('latest', 'earliest', 'pending', 'safe', 'finalized'))
    const labels = { safe: (await el.block(30)).hash, finalized: (await el.block(20)).hash }
    const state = { headBlockHash: tip.hash, safeBlockHash: labels.safe, finalizedBlockHash: labels.finalized }
    await el.engine.call(PLAIN_FORKCHOICE_UPDATED, [state, null])
    await copy.engine.forkchoiceUpdated({ head: tip.hash, ...labels }, {})
    const accounts = accountsOf(random.maker)
    const slots = ['0x0', '0x1', toWord(2n), '0x7']
    const calls = readCalls({ blocks: await canonical(el), sides, accounts, slots }, await filtersOf(el))
    await expectSameAnswers(el.rpc, copy.rpc, [...calls, ...newerCalls(STORE)])
    for (const raw of await waitingTransactions()) {
      await el.rpc.call('eth_sendRawTransaction', [raw])
      copy.waiting.push(decodeTransaction(hexToBytes(raw)) as SignedTransaction)
    }
    const pooled = copy.waiting.flatMap(({ hash, sender }) => [
      ...ofTransaction(hash),
      { method: 'eth_getTransactionCount', params: [sender, 'pending'] },
      { method: 'eth_getTransactionCount', params: [sender, 'latest'] },
    ])
    await expectSameAnswers(el.rpc, copy.rpc, pooled)
    console.info(`${calls.length} answers of op-geth, ${sides.length} side blocks`)
  })

  it('geth, from the merge to BPO 2', { timeout: 300_000 }, async () => {
    await using folder = new TempFolder()
    const [time, blocksPerFork] = [1_750_000_000, 4]
    const step = blocksPerFork * L1_BLOCK_TIME
    const times = Object.fromEntries(
      L1_FORKS.map((fork, at) => [`${fork}Time`, time + L1_BLOCK_TIME + step * (at + 1)]),
    )
    const whole = l1Genesis({ timestamp: time, alloc: RANDOM_L1_ALLOC, config: { ...times, blobSchedule: BLOBS } })
    // geth puts these into a genesis header whatever its fork, and then can't read it back.
    const genesis = { ...whole, excessBlobGas: undefined, blobGasUsed: undefined }
    const flags = ['--networkid', String(L1_CHAIN_ID)]
    await using geth = await startGeth({ folder, name: 'l1', program: 'geth', genesis, flags })
    const parsed = parseGenesis(genesis)
    const judged = new L1Import(parsed.config.l1)
    const head = judged.addHeader(genesisHeader(parsed, judged.importState(parsed.alloc)))
    const run = new RandomL1Chain(geth, parsed.config.l1, judged, head, SEED)
    const copy = await embeddedCopy(geth)
    for (let number = 1; number <= blocksPerFork * (L1_FORKS.length + 1); number++) {
      await run.block(BigInt(time + number * L1_BLOCK_TIME))
      await copy.take(run.head)
      const labels = { head: run.head, safe: run.head, finalized: run.head }
      await copy.engine.forkchoiceUpdated(labels, {})
      await expectSameAnswers(geth.rpc, copy.rpc, [{ method: 'eth_config' }])
      // With more blocks geth goes further back, or not, as its routines happen to be scheduled.
      if (number <= 20) await expectSameAnswers(geth.rpc, copy.rpc, PRICES)
    }
    const accounts = accountsOf(run.maker)
    const slots = ['0x0', '0x1', toWord(2n), '0x7']
    const calls = readCalls({ blocks: await canonical(geth), sides: [], accounts, slots }, await filtersOf(geth))
    const certain = calls.filter(({ method }) => !PRICES.some((price) => price.method === method))
    await expectSameAnswers(geth.rpc, copy.rpc, certain, asGeth116)
    console.info(`${calls.length} answers of geth`)
  })
})
