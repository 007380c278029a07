import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bytesToHex, type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import { encodeRlp } from '../../src/primitives/rlp.ts'
import { blockFromJson, blockToJson, headerFromJson } from '../../src/protocol/block-json.ts'
import { OP_FORKS, type OpFork } from '../../src/protocol/forks.ts'
import { decodeHeader, hashHeader, headerToRlp } from '../../src/protocol/header.ts'
import { decodeL1Info, encodeL1Info, l1InfoDeposit, l1InfoFormat } from '../../src/protocol/l1-info.ts'
import { encodeOutput, outputRoot } from '../../src/protocol/output-root.ts'
import { parseRollupConfig, rollupConfigToJson } from '../../src/protocol/rollup-config.ts'
import { decodeTransaction } from '../../src/protocol/transaction.ts'
import { hasVectors, vector } from '../support/vectors.ts'

function read<T>(...path: string[]): T {
  return JSON.parse(readFileSync(vector(...path), 'utf8')) as T
}

type Json = Record<string, unknown>

/** rollup.json as the registry's facts give it. */
function rollupJson(chain: Json, l1ChainId: number, forks: Json): Json {
  const addresses = chain.Addresses as Json
  return {
    genesis: chain.genesis,
    block_time: chain.block_time,
    max_sequencer_drift: chain.max_sequencer_drift,
    seq_window_size: chain.seq_window_size,
    channel_timeout: 300,
    l1_chain_id: l1ChainId,
    l2_chain_id: chain.l2_chain_id,
    regolith_time: 0,
    ...forks,
    batch_inbox_address: chain.batch_inbox_address,
    deposit_contract_address: addresses.OptimismPortalProxy,
    l1_system_config_address: addresses.SystemConfigProxy,
    chain_op_config: chain.optimism,
  }
}

describe.skipIf(!hasVectors('driver', 'kona', 'registry_configs.json'))('registry of kona', () => {
  interface Registry {
    superchains: { name: string; config: { l1: { chain_id: number } }; chains: Json[] }[]
  }
  const registry = hasVectors('driver', 'kona', 'registry_configs.json')
    ? read<Registry>('driver', 'kona', 'registry_configs.json')
    : { superchains: [] }

  for (const superchain of registry.superchains) {
    for (const chain of superchain.chains) {
      const name = `${superchain.name} ${String(chain.Name)}`
      it(name, () => {
        const times = chain.hardfork_configuration as Record<string, number | null>
        const config = parseRollupConfig(rollupJson(chain, superchain.config.l1.chain_id, times))
        for (const fork of OP_FORKS.slice(2)) {
          const at = times[`${fork}_time`]
          expect(config.forks.times[fork], `${name} ${fork}`).toBe(typeof at === 'number' ? BigInt(at) : undefined)
        }
        const json = rollupConfigToJson(config)
        expect(parseRollupConfig(JSON.parse(JSON.stringify(json))), name).toEqual(config)
        expect(json.l2_chain_id, name).toBe(chain.l2_chain_id)
      })
    }
  }
})

/** The subset of TOML that the registry is written in: tables, and keys with a string, number or boolean. */
function parseToml(text: string): Json {
  const root: Json = {}
  let table = root
  for (const line of text.split('\n')) {
    const header = /^\s*\[([\w.]+)\]/.exec(line)
    if (header?.[1] !== undefined) {
      table = header[1].split('.').reduce<Json>((at, key) => {
        at[key] ??= {}
        return at[key] as Json
      }, root)
      continue
    }
    const entry = /^\s*(\w+)\s*=\s*("([^"]*)"|[\d_]+|true|false)/.exec(line)
    if (entry?.[1] === undefined || entry[2] === undefined) continue
    const [, key, value, text] = entry
    table[key] = text ?? (value === 'true' || value === 'false' ? value === 'true' : Number(value.replaceAll('_', '')))
  }
  return root
}

const CONFIGS = ['driver', 'superchain-registry', 'superchain', 'configs'] as const

describe.skipIf(!hasVectors(...CONFIGS))('superchain registry', () => {
  const folders = hasVectors(...CONFIGS) ? ['mainnet', 'sepolia', 'sepolia-devnet-2'] : []
  for (const folder of folders) {
    const superchain = parseToml(readFileSync(vector(...CONFIGS, folder, 'superchain.toml'), 'utf8'))
    const l1ChainId = (superchain.l1 as Json).chain_id as number
    const files = readdirSync(vector(...CONFIGS, folder)).filter((file) => file !== 'superchain.toml')
    it.each(files)(`${folder}/%s`, (file) => {
      const chain = parseToml(readFileSync(vector(...CONFIGS, folder, file), 'utf8'))
      const genesis = chain.genesis as Json
      const systemConfig = genesis.system_config as Json
      const optimism = chain.optimism as Json
      const hardforks = chain.hardforks as Json
      const config = parseRollupConfig(
        rollupJson(
          {
            ...chain,
            l2_chain_id: chain.chain_id,
            batch_inbox_address: chain.batch_inbox_addr,
            genesis: { ...genesis, system_config: { ...systemConfig, batcherAddr: systemConfig.batcherAddress } },
            Addresses: chain.addresses,
            optimism: {
              eip1559Elasticity: optimism.eip1559_elasticity,
              eip1559Denominator: optimism.eip1559_denominator,
              eip1559DenominatorCanyon: optimism.eip1559_denominator_canyon,
            },
          },
          l1ChainId,
          hardforks,
        ),
      )
      for (const fork of ['canyon', 'ecotone', 'holocene', 'isthmus', 'jovian', 'karst'] as const satisfies OpFork[]) {
        const at = hardforks[`${fork}_time`]
        expect(config.forks.times[fork], `${file} ${fork}`).toBe(typeof at === 'number' ? BigInt(at) : undefined)
      }
      expect(config.keepKarstUpgradeGas, file).toBe(hardforks.keep_karst_upgrade_gas === true)
      expect(config.l2ChainId, file).toBe(BigInt(chain.chain_id as number))
    })
  }
})

describe.skipIf(!hasVectors('driver', 'optimism', 'output_v0.json'))('output roots', () => {
  it('output_v0', () => {
    const output = read<{ stateRoot: Hash; messagePasserStorageRoot: Hash; blockHash: Hash }>(
      'driver',
      'optimism',
      'output_v0.json',
    )
    const encoded = encodeOutput(output)
    const words = [0, 32, 64, 96].map((at) => bytesToHex(encoded.subarray(at, at + 32)))
    expect(words).toEqual([`0x${'00'.repeat(32)}`, output.stateRoot, output.messagePasserStorageRoot, output.blockHash])
    expect(outputRoot(output)).toBe(keccakHash(encoded))
  })
})

describe.skipIf(!hasVectors('driver', 'kona', 'eip2935_header_by_number.json'))('headers of OP Mainnet', () => {
  it.each(['eip2935_header_by_number', 'eip2935_multi_iteration'])('%s', (name) => {
    const file = read<{
      safe_head_number: number
      safe_head_header_rlp: Hash
      steps: { target_block_hash?: Hash; header_rlp?: Hash }[]
    }>('driver', 'kona', `${name}.json`)
    const bytes = hexToBytes(file.safe_head_header_rlp)
    const header = decodeHeader(bytes)
    expect(header.number).toBe(BigInt(file.safe_head_number))
    expect(bytesToHex(encodeRlp(headerToRlp(header)))).toBe(file.safe_head_header_rlp)
    expect(hashHeader(header)).toBe(keccakHash(bytes))
  })
})

describe.skipIf(!hasVectors('driver', 'hildr', 'op_block_json.txt'))('blocks of OP chains in JSON', () => {
  it.each([
    ['op_block_json', 3],
    ['temp_block_json', 4],
    ['bedrock_raw_block', 1],
  ] as const)('%s', (name, count) => {
    const file = JSON.parse(readFileSync(vector('driver', 'hildr', `${name}.txt`), 'utf8')) as Record<string, Json>
    const json = (file.result ?? file.test_block_data) as Json
    // Reading proves header and transactions by their hashes.
    const block = blockFromJson(json)
    expect(block.transactions.length).toBe(count)
    const written = blockToJson(block, { full: true })
    for (const [key, value] of Object.entries(written)) {
      if (key !== 'transactions') expect(value, `${name} ${key}`).toEqual(json[key])
    }
    expect(blockToJson(block, { full: false }).transactions).toEqual(
      (json.transactions as { hash: Hash }[]).map(({ hash }) => hash),
    )
    // The size and the other fields of transactions are written as they were read; these nodes add what op-geth leaves out.
    for (const [index, transaction] of (written.transactions as Json[]).entries()) {
      const original = (json.transactions as Json[])[index] as Json
      for (const [key, value] of Object.entries(transaction)) {
        if (key === 'blockTimestamp' || (key === 'nonce' && transaction.type === '0x7e')) continue
        expect(value, `${name} transaction ${index} ${key}`).toEqual(original[key])
      }
    }
  })
})

describe.skipIf(!hasVectors('evm', 'kona-op-sepolia'))('blocks of OP Sepolia', () => {
  const blocks = hasVectors('evm', 'kona-op-sepolia') ? readdirSync(vector('evm', 'kona-op-sepolia')) : []
  it.each(blocks)('%s', (name) => {
    const fixture = read<{
      rollup_config: Json
      parent_header: Json
      executing_payload: { timestamp: Hash; transactions: Hash[] }
    }>('evm', 'kona-op-sepolia', name, 'fixture.json')
    // The fixture leaves Regolith out: on this chain it is at genesis.
    const config = parseRollupConfig({ ...fixture.rollup_config, regolith_time: 0 })
    const parent = headerFromJson(fixture.parent_header)
    const timestamp = BigInt(fixture.executing_payload.timestamp)
    expect(timestamp, name).toBe(parent.timestamp + config.blockTime)
    const transactions = fixture.executing_payload.transactions.map((hex) => decodeTransaction(hexToBytes(hex)))
    const [first] = transactions
    if (first?.type !== 0x7e) throw new Error(`${name} does not begin with a deposit`)
    const info = decodeL1Info(first.data, l1InfoFormat(config.forks, timestamp, config.blockTime))
    expect(bytesToHex(encodeL1Info(info)), name).toBe(bytesToHex(first.data))
    expect(l1InfoDeposit(info, true), name).toEqual(first)
  })
})
