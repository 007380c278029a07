import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { privateKeyToAccount } from 'viem/accounts'
import { expect, test } from 'vitest'
import { bytesToHex, type Hash, type Hex, toQuantity, toWord } from '../../src/primitives/hex.ts'
import { prepareAttributes } from '../../src/protocol/attributes.ts'
import { nextL1BaseFee, nextOpBaseFee } from '../../src/protocol/base-fee.ts'
import { nextExcessBlobGas } from '../../src/protocol/blob-fee.ts'
import { type Block, receiptsRoot } from '../../src/protocol/block.ts'
import { blockFromJson, blockToJson, headerToJson } from '../../src/protocol/block-json.ts'
import { extraDataFromAttributes } from '../../src/protocol/extra-data.ts'
import { OP_FORKS } from '../../src/protocol/forks.ts'
import { genesisHeader, parseChainConfig, parseGenesis } from '../../src/protocol/genesis.ts'
import { hashHeader } from '../../src/protocol/header.ts'
import { rollupCostData } from '../../src/protocol/l1-fee.ts'
import { l1FeeInfo } from '../../src/protocol/l1-fee-info.ts'
import { l2BlockRef, systemConfigOfBlock } from '../../src/protocol/l2-block.ts'
import { maxSequencerDrift, nextOrigin } from '../../src/protocol/origin-selection.ts'
import { outputRoot } from '../../src/protocol/output-root.ts'
import {
  envelopeFromJson,
  envelopeToJson,
  payloadFromJson,
  payloadOf,
  payloadToJson,
} from '../../src/protocol/payload.ts'
import { receiptFromJson, receiptToJson } from '../../src/protocol/receipt-json.ts'
import { parseRollupConfig, type RollupConfig, rollupConfigToJson } from '../../src/protocol/rollup-config.ts'
import { effectiveGasPrice } from '../../src/protocol/transaction.ts'
import { otherUser, user } from './support/dev-accounts.ts'
import { atGenesis, staggered } from './support/fork-schedule.ts'
import type { GethProcess } from './support/geth-process.ts'
import { L1_CHAIN_CONFIG, L1_CHAIN_ID } from './support/l1-genesis.ts'
import { L2_CHAIN_ID, l2Genesis } from './support/l2-genesis.ts'
import { startOpGeth } from './support/op-geth.ts'
import { type SingleStack, startSingleStack } from './support/single-stack.ts'
import { configUpdateCalldata, depositCalldata, PORTAL, SYSTEM_CONFIG } from './support/stand-in-contracts.ts'
import { TempFolder } from './support/temp-folder.ts'

type Json = Record<string, unknown>

const BLOCK_TIME = 1
const STEP = 3
const RECIPIENT = '0x00000000000000000000000000000000c0ffee00'
/** Stores, then emits LOG1: `PUSH1 1 PUSH1 0 SSTORE PUSH1 7 PUSH1 32 PUSH1 0 LOG1 STOP`. */
const EMITS_A_LOG: Hex = '0x600160005560076020600000a100'
/** `PUSH1 0 PUSH1 0 REVERT` as init code: a creation that fails. */
const REVERTS: Hex = '0x60006000fd'

/** Sends what a block of a test chain may hold: one of a few kinds, by turns. */
class Sender {
  readonly #stack: SingleStack
  #l1Nonce = 0
  #l2Nonce = 0
  #turn = 0

  constructor(stack: SingleStack) {
    this.#stack = stack
  }

  async onL2(isthmus: boolean): Promise<void> {
    const common = { chainId: L2_CHAIN_ID, nonce: this.#l2Nonce, gas: 300_000n }
    const price = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 6n }
    const kinds = [
      { ...common, ...price, to: RECIPIENT, value: 5n },
      { ...common, gasPrice: 10n ** 10n, to: RECIPIENT, value: 1n },
      { ...common, ...price, data: EMITS_A_LOG },
      {
        ...common,
        gasPrice: 10n ** 10n,
        type: 'eip2930' as const,
        to: RECIPIENT,
        accessList: [{ address: RECIPIENT, storageKeys: [toWord(1n), toWord(2n)] }],
      },
      { ...common, ...price, data: REVERTS },
      { ...common, ...price, to: RECIPIENT, data: `0x${'00ff17'.repeat(800)}` },
    ] as const
    let raw: Hex
    if (isthmus && this.#turn % 3 === 0) {
      // A delegation that the sender signs for itself has the nonce after the transaction's own.
      const authorization = await privateKeyToAccount(user.privateKey).signAuthorization({
        contractAddress: PORTAL,
        chainId: L2_CHAIN_ID,
        nonce: this.#l2Nonce + 1,
      })
      raw = await user.account.signTransaction({
        ...common,
        ...price,
        type: 'eip7702',
        to: RECIPIENT,
        authorizationList: [authorization],
      })
      this.#l2Nonce++
    } else {
      raw = await user.account.signTransaction(kinds[this.#turn % kinds.length] as (typeof kinds)[0])
    }
    this.#turn++
    await this.#stack.el.rpc.call('eth_sendRawTransaction', [raw])
    this.#l2Nonce++
  }

  async onL1(to: Hex, data: Hex): Promise<void> {
    const raw = await user.account.signTransaction({
      chainId: L1_CHAIN_ID,
      nonce: this.#l1Nonce++,
      gas: 300_000n,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: 10n ** 9n,
      to,
      data,
    })
    await this.#stack.l1.el.rpc.call('eth_sendRawTransaction', [raw])
  }
}

const word = (value: bigint): Hex => toWord(value)

/** Configuration updates of every kind, good ones and malformed ones. */
// The first three only, until Ecotone: Bedrock reads a versioned scalar as a number so large that op-geth's pool panics.
const UPDATES: readonly (readonly [number, Hex])[] = [
  [1, `0x${word(188n).slice(2)}${word(700_000n).slice(2)}`],
  [2, word(31_000_000n)],
  [2, word(1n << 64n)],
  [1, `0x${word(5n).slice(2)}${word((1n << 248n) | (800_000n << 32n) | 1_300n).slice(2)}`],
  [1, `0x${word(5n).slice(2)}${word(1n << 200n).slice(2)}`],
  [4, word((200n << 32n) | 5n)],
  [4, word(200n << 32n)],
  [5, word((7n << 64n) | 11n)],
  [6, word(3_000_000n)],
  [7, word(321n)],
  [3, word(1n)],
  [9, word(1n)],
]

// Not from the user: a deposit takes a nonce of its sender.
const DEPOSITS: readonly Hex[] = [
  depositCalldata({ from: otherUser.address, to: RECIPIENT, mint: 7n, value: 7n }),
  depositCalldata({ from: RECIPIENT, to: user.address, value: 10n ** 30n }),
  depositCalldata({ from: otherUser.address, data: EMITS_A_LOG, gasLimit: 200_000n }),
  depositCalldata({ from: otherUser.address, to: RECIPIENT, mint: 1n, gasLimit: 1n }),
]

interface Fetched {
  readonly json: Json
  readonly block: Block
  readonly receipts: readonly Json[]
}

async function fetchBlock(el: GethProcess, number: bigint): Promise<Fetched> {
  const json = await el.rpc.call<Json>('eth_getBlockByNumber', [toQuantity(number), true])
  const receipts = await el.rpc.call<Json[]>('eth_getBlockReceipts', [json.hash])
  return { json, block: blockFromJson(json), receipts }
}

/** What our codecs make of a block and its receipts is what the node answered. */
function checkJson({ json, block, receipts }: Fetched, config: RollupConfig | undefined): void {
  const name = `block ${block.header.number}`
  const read = receipts.map(receiptFromJson)
  expect(receiptsRoot(read.map(({ receipt }) => receipt)), name).toBe(block.header.receiptsRoot)
  if (config === undefined) return
  const consensus = read.map(({ receipt }) => receipt)
  expect(blockToJson(block, { full: true, receipts: consensus }), name).toEqual(json)
  expect(blockToJson(block, { full: false }).transactions, name).toEqual(block.transactions.map(({ hash }) => hash))

  const [first] = block.transactions
  const users = block.transactions.some(({ type }) => type !== 0x7e)
  const l1Fee = first && users ? l1FeeInfo(config.forks, block.header.timestamp, first.data) : undefined
  let firstLogIndex = 0
  let cumulative = 0n
  for (const [index, transaction] of block.transactions.entries()) {
    const { receipt, contractAddress } = read[index] as (typeof read)[0]
    const signed = transaction.type === 0x7e ? undefined : transaction
    const written = receiptToJson(
      {
        transaction,
        receipt,
        index,
        firstLogIndex,
        gasUsed: receipt.cumulativeGasUsed - cumulative,
        effectiveGasPrice: signed ? effectiveGasPrice(signed, block.header.baseFeePerGas ?? 0n) : 0n,
        ...(contractAddress && { contractAddress }),
        ...(signed && l1Fee && { l1Fee: l1Fee(rollupCostData(transaction.raw)) }),
      },
      { hash: block.hash, number: block.header.number, timestamp: block.header.timestamp },
    )
    expect(written, `${name} receipt ${index}`).toEqual(receipts[index])
    firstLogIndex += receipt.logs.length
    cumulative = receipt.cumulativeGasUsed
  }

  const envelope = JSON.parse(JSON.stringify(envelopeToJson(payloadOf(block)))) as unknown
  const again = envelopeFromJson(envelope)
  expect(again, name).toEqual(payloadOf(block))
}

test('every block of op-node and op-geth follows from ours', { timeout: 180_000 }, async () => {
  await using stack = await startSingleStack({
    blockTime: BLOCK_TIME,
    back: 1,
    forks: (genesisTime) => staggered(genesisTime, STEP * BLOCK_TIME),
  })
  const { el, l1, node, genesisTime } = stack
  const config = parseRollupConfig(JSON.parse(readFileSync(stack.rollupFile, 'utf8')))
  const jovian = Number(config.forks.times.jovian) - genesisTime
  const ecotone = Number(config.forks.times.ecotone) - genesisTime
  const isthmus = Number(config.forks.times.isthmus) - genesisTime
  const sender = new Sender(stack)
  const check = (): void => node.process.assertRunning()
  let next = 0
  for (let height = 0; height < jovian + 6; height = await el.blockNumber()) {
    const update = UPDATES[next % (height > ecotone + 2 ? UPDATES.length : 3)] as (typeof UPDATES)[0]
    await sender.onL1(SYSTEM_CONFIG, configUpdateCalldata(update[0], update[1]))
    await sender.onL1(PORTAL, DEPOSITS[next % DEPOSITS.length] as Hex)
    await sender.onL2(height > isthmus)
    await sender.onL2(height > isthmus)
    next++
    await delay(700)
    check()
  }
  await l1.pause()
  await node.rpc.call('admin_stopSequencer')

  // The node's view of the configuration is ours.
  const ours = rollupConfigToJson(config)
  expect(JSON.parse(JSON.stringify(ours))).toEqual(await node.rpc.call('optimism_rollupConfig'))

  const l1Chain = parseChainConfig(L1_CHAIN_CONFIG).l1
  const l1Blocks = new Map<Hash, Fetched>()
  const l1Head = await l1.el.blockNumber()
  for (let number = 0n; number <= l1Head; number++) {
    const fetched = await fetchBlock(l1.el, number)
    l1Blocks.set(fetched.block.hash, fetched)
    checkJson(fetched, undefined)
    const parent = l1Blocks.get(fetched.block.header.parentHash)?.block.header
    if (parent === undefined) continue
    const { header } = fetched.block
    expect(header.baseFeePerGas, `L1 block ${number}`).toBe(nextL1BaseFee(parent))
    expect(header.excessBlobGas, `L1 block ${number}`).toBe(nextExcessBlobGas(l1Chain, parent, header.timestamp))
  }

  const head = await el.blockNumber()
  let parent = await fetchBlock(el, 0n)
  let [users, deposits] = [0, 0]
  for (let number = 1n; number <= head; number++) {
    const current = await fetchBlock(el, number)
    const { block } = current
    const { header } = block
    const name = `block ${number}, ${config.forks.latest(header.timestamp)}`
    checkJson(current, config)

    const parentRef = l2BlockRef(config, parent.block)
    const ref = l2BlockRef(config, block)
    const origin = l1Blocks.get(ref.l1Origin.hash)
    const oldOrigin = l1Blocks.get(parentRef.l1Origin.hash)
    if (origin === undefined || oldOrigin === undefined) throw new Error(`${name} has an origin that L1 does not know`)
    const prepared = prepareAttributes({
      config,
      l1Chain,
      parent: parentRef,
      systemConfig: systemConfigOfBlock(config, parent.block),
      origin: {
        hash: origin.block.hash,
        header: origin.block.header,
        receipts: origin.receipts.map((receipt) => receiptFromJson(receipt).receipt),
      },
    })
    const { attributes } = prepared
    const built = block.transactions.filter(({ type }) => type === 0x7e).map(({ raw }) => bytesToHex(raw))
    expect(attributes.transactions.map(bytesToHex), name).toEqual(built)
    users += block.transactions.length - built.length
    deposits += built.length
    expect(attributes.gasLimit, name).toBe(header.gasLimit)
    expect(attributes.timestamp, name).toBe(header.timestamp)
    expect(attributes.prevRandao, name).toBe(header.mixHash)
    expect(attributes.suggestedFeeRecipient, name).toBe(header.beneficiary)
    expect(attributes.parentBeaconBlockRoot, name).toBe(header.parentBeaconBlockRoot)
    expect(attributes.withdrawals, name).toEqual(block.withdrawals)
    const constants = config.chainOpConfig
    if (constants === undefined) throw new Error('rollup.json holds no EIP-1559 constants')
    const { eip1559Params, minBaseFee } = attributes
    const extraData = extraDataFromAttributes(config.forks, constants, header.timestamp, eip1559Params, minBaseFee)
    expect(bytesToHex(extraData), name).toBe(bytesToHex(header.extraData))
    const baseFee = nextOpBaseFee(config.forks, constants, parent.block.header, header.timestamp)
    expect(header.baseFeePerGas, name).toBe(baseFee)
    expect(prepared.sequenceNumber, name).toBe(ref.sequenceNumber)
    const advanced = ref.sequenceNumber === 0n
    const chosen = nextOrigin({
      config,
      parent: parentRef,
      current: {
        ...parentRef.l1Origin,
        parentHash: oldOrigin.block.header.parentHash,
        timestamp: oldOrigin.block.header.timestamp,
      },
      next: advanced
        ? { ...ref.l1Origin, parentHash: origin.block.header.parentHash, timestamp: origin.block.header.timestamp }
        : undefined,
    })
    expect(chosen, name).toMatchObject({ tag: 'origin', origin: ref.l1Origin })
    expect(
      header.timestamp - origin.block.header.timestamp <= maxSequencerDrift(config, origin.block.header.timestamp),
      name,
    ).toBe(true)

    const output = await node.rpc.call<{
      outputRoot: Hash
      blockRef: Json
      stateRoot: Hash
      withdrawalStorageRoot: Hash
    }>('optimism_outputAtBlock', [toQuantity(number)])
    const { stateRoot } = header
    const messagePasserStorageRoot = output.withdrawalStorageRoot
    expect(outputRoot({ stateRoot, messagePasserStorageRoot, blockHash: block.hash }), name).toBe(output.outputRoot)
    expect(output.blockRef, name).toMatchObject({
      hash: ref.hash,
      number: Number(ref.number),
      l1origin: { hash: ref.l1Origin.hash, number: Number(ref.l1Origin.number) },
      sequenceNumber: Number(ref.sequenceNumber),
    })
    parent = current
  }
  expect(config.forks.latest(parent.block.header.timestamp)).toBe('jovian')
  console.info(`${head} L2 blocks, ${l1Blocks.size} L1 blocks, ${users} user transactions, ${deposits} deposits`)
  expect(users).toBeGreaterThan(20)
})

test.each(OP_FORKS.slice(0, OP_FORKS.indexOf('jovian') + 1))('the genesis block of a chain at %s', async (fork) => {
  await using folder = new TempFolder()
  const file = await l2Genesis({ timestamp: 1_700_000_000, forks: atGenesis(fork), minBaseFee: 1n })
  await using el = await startOpGeth({ folder, genesis: file })
  const json = await el.rpc.call<Json>('eth_getBlockByNumber', ['0x0', true])
  const genesis = parseGenesis(JSON.parse(JSON.stringify(file)))
  const passer = json.requestsHash === undefined ? undefined : (json.withdrawalsRoot as Hash)
  const header = genesisHeader(genesis, json.stateRoot as Hash, passer)
  const hash = hashHeader(header)
  expect(headerToJson(header, hash)).toEqual(
    Object.fromEntries(Object.keys(headerToJson(header, hash)).map((key) => [key, json[key]])),
  )
  expect(hash).toBe(json.hash)
  expect(genesis.config.op?.forks.latest(genesis.timestamp)).toBe(fork === 'delta' ? 'canyon' : fork)
  expect(
    payloadFromJson(
      payloadToJson({ hash, header, transactions: [], ...(header.withdrawalsRoot && { withdrawals: [] }) }, true),
      {
        parentBeaconBlockRoot: header.parentBeaconBlockRoot,
      },
    ).hash,
  ).toBe(hash)
})
