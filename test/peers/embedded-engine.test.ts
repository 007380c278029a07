import { describe, expect, it } from 'vitest'
import type { SealedBlock } from '../../src/builder/service.ts'
import type { EmbeddedEngine } from '../../src/embedded/engine.ts'
import { ZERO_HASH } from '../../src/primitives/hex.ts'
import { transactionsRoot } from '../../src/protocol/block.ts'
import { type Header, hashHeader } from '../../src/protocol/header.ts'
import { newPayloadParams, type Payload } from '../../src/protocol/payload.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { embeddedL1World } from '../support/embedded-l1-world.ts'
import { embeddedWorld, transfer } from '../support/embedded-world.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { type GethProcess, startGeth } from './support/geth-process.ts'
import { l1Genesis } from './support/l1-genesis.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import type { ForkchoiceResult, PayloadStatus } from './support/rpc-types.ts'
import { TempFolder } from './support/temp-folder.ts'

const TIME = 1_000

function payloadOf({ header, transactions, withdrawals, executionRequests }: SealedBlock): Payload {
  return {
    hash: hashHeader(header),
    header,
    transactions: transactions.map(({ transaction }) => transaction.raw),
    ...(withdrawals && { withdrawals }),
    ...(executionRequests && { executionRequests }),
  }
}

/** The payload with other header fields, and the hash of what it is then. */
function changed(payload: Payload, fields: Partial<Header>): Payload {
  const header = { ...payload.header, ...fields }
  return { ...payload, header, hash: hashHeader(header) }
}

/** Without some of its transactions. */
function only(payload: Payload, transactions: readonly Uint8Array[]): Payload {
  return changed({ ...payload, transactions }, { transactionsRoot: transactionsRoot(transactions) })
}

/** Ways to break a block that an ExecutionPayload can carry. */
function broken(payload: Payload, parent: Header): Record<string, Payload> {
  const { header, transactions } = payload
  return {
    stateRoot: changed(payload, { stateRoot: ZERO_HASH }),
    receiptsRoot: changed(payload, { receiptsRoot: ZERO_HASH }),
    logsBloom: changed(payload, { logsBloom: new Uint8Array(256).fill(1) }),
    gasUsed: changed(payload, { gasUsed: header.gasUsed + 1n }),
    'gasUsed above the limit': changed(payload, { gasUsed: header.gasLimit + 1n }),
    'gasLimit out of reach': changed(payload, { gasLimit: 1n << 63n }),
    gasLimit: changed(payload, { gasLimit: header.gasLimit + 1_000_000n }),
    baseFeePerGas: changed(payload, { baseFeePerGas: 5n }),
    timestamp: changed(payload, { timestamp: parent.timestamp }),
    excessBlobGas: changed(payload, { excessBlobGas: 3n }),
    blobGasUsed: changed(payload, { blobGasUsed: 131_072n }),
    extraData: changed(payload, { extraData: new Uint8Array(33) }),
    beneficiary: changed(payload, { beneficiary: `0x${'99'.repeat(20)}` }),
    parentBeaconBlockRoot: changed(payload, { parentBeaconBlockRoot: `0x${'ab'.repeat(32)}` }),
    'a transaction less': only(payload, transactions.slice(0, -1)),
    'a transaction twice': only(payload, [...transactions, transactions.at(-1) as Uint8Array]),
    'an unknown parent': changed(payload, { parentHash: `0x${'cd'.repeat(32)}` }),
  }
}

async function compare(
  engine: EmbeddedEngine,
  node: GethProcess,
  op: boolean,
  cases: Record<string, Payload>,
): Promise<void> {
  for (const [name, payload] of Object.entries(cases)) {
    const params = newPayloadParams(payload, op, payload.executionRequests)
    const theirs = await node.engine.call<PayloadStatus>('engine_newPayloadV4', params)
    const { status, latestValidHash, validationError } = await engine.newPayload(payload, {})
    const ours = { status, latestValidHash: latestValidHash ?? null, validationError: validationError ?? null }
    expect(ours, name).toEqual({
      status: theirs.status,
      latestValidHash: theirs.latestValidHash,
      validationError: theirs.validationError,
    })
    const forkchoice = { headBlockHash: payload.hash, safeBlockHash: ZERO_HASH, finalizedBlockHash: ZERO_HASH }
    const answer = await node.engine.call<ForkchoiceResult>('engine_forkchoiceUpdatedV3', [forkchoice, null])
    const head = await engine.forkchoiceUpdated({ head: payload.hash }, {})
    expect(head.status, `${name} as head`).toBe(answer.payloadStatus.status)
    expect(engine.chain.labels.head, `head after ${name}`).toBe((await node.block('latest')).hash)
  }
}

describe('the embedded engine answers word for word', () => {
  it('as op-geth', async () => {
    await using folder = new TempFolder()
    const genesis = await l2Genesis({ timestamp: TIME, forks: atGenesis('jovian') })
    await using node = await startGeth({ folder, name: 'op-geth', program: 'op-geth', genesis })
    const maker = await embeddedWorld(new MemoryStore(), genesis)
    const { chain, engine } = await embeddedWorld(new MemoryStore(), genesis)
    const first = payloadOf(await maker.block('latest', await transfer(0)))
    const second = payloadOf(await maker.block('latest', await transfer(1), await transfer(2)))
    const side = payloadOf(await maker.block(maker.chain.genesis, await transfer(0), await transfer(1)))
    const [deposit, , last] = second.transactions as [Uint8Array, Uint8Array, Uint8Array]
    await compare(engine, node, true, {
      'a child without its parent': second,
      first,
      ...broken(second, first.header),
      withdrawalsRoot: changed(second, { withdrawalsRoot: ZERO_HASH }),
      'a nonce too high': changed(only(second, [deposit, last]), {
        blobGasUsed: (second.header.blobGasUsed ?? 0n) / 2n,
      }),
      'a block of no transactions': only(second, []),
      second,
      'an ancestor': first,
      'a sibling': side,
      'and back': second,
    })
    expect(chain.labels.head).toBe(second.hash)
  })

  it('as geth', async () => {
    await using folder = new TempFolder()
    const genesis = l1Genesis({ timestamp: TIME })
    await using node = await startGeth({ folder, name: 'geth', program: 'geth', genesis })
    const maker = await embeddedL1World(genesis)
    const { engine } = await embeddedL1World(genesis)
    const withdrawals = [{ index: 0n, validatorIndex: 1n, address: `0x${'88'.repeat(20)}` as const, amount: 3n }]
    const first = payloadOf(await maker.seal({ withdrawals }, undefined, await transfer(0, { chainId: 900 })))
    const raws = [await transfer(1, { chainId: 900 }), await transfer(2, { chainId: 900 })]
    const second = payloadOf(await maker.seal({}, undefined, ...raws))
    const side = payloadOf(await maker.seal({ parent: maker.chain.genesis }))
    await compare(engine, node, false, {
      first,
      ...broken(second, first.header),
      'a nonce too high': only(second, second.transactions.slice(1)),
      second,
      'an ancestor': first,
      'a sibling': side,
      'and back': second,
    })
  })
})
