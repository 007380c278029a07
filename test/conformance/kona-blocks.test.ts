import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { assembleHeader } from '../../src/builder/assemble.ts'
import { OpExecutor } from '../../src/evm/op-executor.ts'
import { type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { EMPTY_TRIE_ROOT } from '../../src/primitives/keccak.ts'
import { nextOpBaseFee } from '../../src/protocol/base-fee.ts'
import { extraDataFromAttributes } from '../../src/protocol/extra-data.ts'
import { OpForks } from '../../src/protocol/forks.ts'
import { type Header, hashHeader } from '../../src/protocol/header.ts'
import { MESSAGE_PASSER_ADDRESS } from '../../src/protocol/message-passer.ts'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import { computeStateRoot } from '../../src/state/root.ts'
import { hasVectors, vector } from '../support/vectors.ts'
import { witnessState } from '../support/witness-state.ts'

const folder = 'evm/kona-op-sepolia'

function* entries(kv: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(kv.buffer, kv.byteOffset, kv.byteLength)
  for (let at = 0; at < kv.length; ) {
    const length = view.getUint32(at + 32)
    yield kv.subarray(at + 36, at + 36 + length)
    at += 36 + length
  }
}

interface Fixture {
  rollup_config: Record<string, number> & { chain_op_config: Record<string, number> }
  parent_header: Record<string, `0x${string}`>
  executing_payload: Record<string, `0x${string}`> & { transactions: `0x${string}`[] }
  expected_block_hash: Hash
}

function parentHeader(json: Record<string, `0x${string}`>): Header {
  const hex = (key: string): `0x${string}` => json[key] as `0x${string}`
  return {
    parentHash: hex('parentHash'),
    ommersHash: hex('sha3Uncles'),
    beneficiary: hex('miner'),
    stateRoot: hex('stateRoot'),
    transactionsRoot: hex('transactionsRoot'),
    receiptsRoot: hex('receiptsRoot'),
    logsBloom: hexToBytes(hex('logsBloom')),
    difficulty: 0n,
    number: BigInt(hex('number')),
    gasLimit: BigInt(hex('gasLimit')),
    gasUsed: BigInt(hex('gasUsed')),
    timestamp: BigInt(hex('timestamp')),
    extraData: hexToBytes(hex('extraData')),
    mixHash: hex('mixHash'),
    nonce: hexToBytes(hex('nonce')),
    baseFeePerGas: BigInt(hex('baseFeePerGas')),
    withdrawalsRoot: hex('withdrawalsRoot'),
    blobGasUsed: BigInt(hex('blobGasUsed')),
    excessBlobGas: BigInt(hex('excessBlobGas')),
    parentBeaconBlockRoot: hex('parentBeaconBlockRoot'),
  }
}

describe.skipIf(!hasVectors(folder))('OP Sepolia blocks, by hash', () => {
  const cases = hasVectors(folder) ? readdirSync(vector(folder)) : []
  it.each(cases)('%s', async (name) => {
    const fixture = JSON.parse(readFileSync(vector(folder, name, 'fixture.json'), 'utf8')) as Fixture
    const config = fixture.rollup_config
    const times = Object.fromEntries(
      ['canyon', 'delta', 'ecotone', 'fjord', 'granite', 'holocene', 'isthmus'].map((fork) => [
        fork,
        BigInt(config[`${fork}_time`] as number),
      ]),
    )
    const forks = new OpForks({ regolith: 0n, ...times })
    const constants = {
      elasticity: BigInt(config.chain_op_config.eip1559Elasticity as number),
      denominator: BigInt(config.chain_op_config.eip1559Denominator as number),
      denominatorCanyon: BigInt(config.chain_op_config.eip1559DenominatorCanyon as number),
    }
    const parent = parentHeader(fixture.parent_header)
    const payload = fixture.executing_payload
    const timestamp = BigInt(payload.timestamp as string)
    const env = {
      number: parent.number + 1n,
      timestamp,
      gasLimit: BigInt(payload.gasLimit as string),
      baseFeePerGas: nextOpBaseFee(forks, constants, parent, timestamp),
      prevRandao: payload.prevRandao as Hash,
      feeRecipient: payload.suggestedFeeRecipient as Hash,
      parentHash: hashHeader(parent),
      parentBeaconBlockRoot: payload.parentBeaconBlockRoot as Hash,
      ancestorHash: async () => undefined,
    }
    const state = witnessState(parent.stateRoot, entries(readFileSync(vector(folder, name, 'kv.bin'))))
    const executor = new OpExecutor({ chainId: BigInt(config.l2_chain_id as number), forks })
    const execution = await executor.begin(state, env)
    for (const raw of payload.transactions) await execution.run(decodeTransaction(hexToBytes(raw)))
    const post = await computeStateRoot(state.pin, execution.diff(), state.store, state.source)
    const eip1559Params = payload.eip1559Params as `0x${string}`
    const header = assembleHeader({
      forks,
      env,
      execution,
      extraData: extraDataFromAttributes(forks, constants, timestamp, hexToBytes(eip1559Params), undefined),
      stateRoot: post.stateRoot,
      messagePasserRoot: post.storageRoots.get(MESSAGE_PASSER_ADDRESS) ?? EMPTY_TRIE_ROOT,
    })
    expect(hashHeader(header), `header of ${name}`).toBe(fixture.expected_block_hash)
  })
})
