import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../src/primitives/errors.ts'
import { bytesToHex, type Hash, hexToBytes } from '../../src/primitives/hex.ts'
import { OP_FORKS, type OpFork, OpForks } from '../../src/protocol/forks.ts'
import { createL1InfoDeposit, decodeL1Info, l1InfoFormat, l1InfoOf } from '../../src/protocol/l1-info.ts'
import type { SystemConfig } from '../../src/protocol/system-config.ts'
import { applyConfigUpdate, applyConfigUpdates } from '../../src/protocol/system-config-updates.ts'
import { karstUpgradeGas, upgradeTransactions } from '../../src/protocol/upgrade-txs.ts'
import { depositFromLog, userDeposits } from '../../src/protocol/user-deposits.ts'
import { hasVectors, vector } from '../support/vectors.ts'

const FOLDER = ['driver', 'op-node-oracle'] as const

function read<T>(name: string): T {
  return JSON.parse(readFileSync(vector(...FOLDER, `${name}.json`), 'utf8')) as T
}

/** All forks up to `fork`, which takes effect at `at`; the ones before it at genesis. */
function forksUpTo(fork: OpFork, at: bigint): OpForks {
  const upTo = OP_FORKS.slice(0, OP_FORKS.indexOf(fork) + 1)
  return new OpForks(Object.fromEntries(upTo.map((name) => [name, name === fork ? at : 0n])))
}

interface SystemConfigVector {
  batcherAddr: Hash
  overhead: Hash
  scalar: Hash
  operatorFeeParams: Hash
  daFootprintGasScalar: number
  gasLimit?: string
  eip1559Params?: Hash
  minBaseFee?: string
}

function systemConfigOf(raw: SystemConfigVector): SystemConfig {
  return {
    batcherAddress: raw.batcherAddr,
    overhead: raw.overhead,
    scalar: raw.scalar,
    gasLimit: BigInt(raw.gasLimit ?? 0),
    eip1559Params: hexToBytes(raw.eip1559Params ?? '0x0000000000000000'),
    operatorFeeParams: raw.operatorFeeParams,
    minBaseFee: BigInt(raw.minBaseFee ?? 0),
    daFootprintGasScalar: raw.daFootprintGasScalar,
  }
}

interface L1InfoCase {
  case: 'genesis' | 'activation' | 'after'
  fork: OpFork
  l1: { baseFee: string; blobBaseFee: string; hash: Hash; number: number; time: number }
  l2Time: number
  seqNumber: number
  systemConfig: SystemConfigVector
  txBytes: Hash
}

interface ConfigUpdateCase {
  data: Hash
  ecotoneActive: boolean
  mutation: string
  topics: Hash[]
  post?: SystemConfigVector
  error?: string
}

interface DepositCase {
  log: { address: Hash; blockHash: Hash; data: Hash; logIndex: number; topics: Hash[] }
  mutation: string
  sourceHash?: Hash
  txBytes?: Hash
  error?: string
}

describe.skipIf(!hasVectors(...FOLDER))('op-node as oracle', () => {
  const blockTime = 2n

  describe('L1-attributes deposits', () => {
    for (const [index, test] of (hasVectors(...FOLDER) ? read<L1InfoCase[]>('l1info_deposits') : []).entries()) {
      const name = `#${index} ${test.fork} ${test.case}`
      it(name, () => {
        const timestamp = BigInt(test.l2Time)
        const at = { genesis: 0n, activation: timestamp, after: timestamp - blockTime }[test.case]
        const forks = forksUpTo(test.fork, at)
        const source = {
          hash: test.l1.hash,
          number: BigInt(test.l1.number),
          timestamp: BigInt(test.l1.time),
          baseFeePerGas: BigInt(test.l1.baseFee),
          blobBaseFee: BigInt(test.l1.blobBaseFee),
        }
        const systemConfig = systemConfigOf(test.systemConfig)
        const context = { forks, blockTime, systemConfig, sequenceNumber: BigInt(test.seqNumber), timestamp }
        const deposit = createL1InfoDeposit(source, context)
        expect(bytesToHex(deposit.raw), name).toBe(test.txBytes)
        const info = decodeL1Info(deposit.data, l1InfoFormat(forks, timestamp, blockTime))
        expect(info, name).toEqual(l1InfoOf(source, context))
      })
    }
  })

  describe('user deposits', () => {
    for (const [index, test] of (hasVectors(...FOLDER) ? read<DepositCase[]>('user_deposits') : []).entries()) {
      const name = `#${index} ${test.mutation}`
      it(name, () => {
        const log = { address: test.log.address, topics: test.log.topics, data: hexToBytes(test.log.data) }
        const derive = () => depositFromLog(log, test.log.blockHash, test.log.logIndex)
        if (test.txBytes === undefined) {
          expect(derive, name).toThrow(
            expect.objectContaining({ code: 'DEPOSIT_INVALID', severity: 'critical' }) as Error,
          )
          return
        }
        const deposit = derive()
        expect(deposit.sourceHash, name).toBe(test.sourceHash)
        expect(bytesToHex(deposit.raw), name).toBe(test.txBytes)
      })
    }

    it('are counted over all logs of the block, and taken from successful receipts only', () => {
      const [first] = read<DepositCase[]>('user_deposits')
      if (first === undefined) throw new Error('no vectors')
      const log = { address: first.log.address, topics: first.log.topics, data: hexToBytes(first.log.data) }
      const other = { ...log, address: first.log.blockHash.slice(0, 42) as Hash }
      const receipts = [
        { status: 0 as const, logs: [log] },
        { status: 1 as const, logs: [other, log] },
      ]
      const deposits = userDeposits(receipts, log.address, first.log.blockHash)
      expect(deposits).toEqual([depositFromLog(log, first.log.blockHash, 2)])
    })
  })

  describe('system configuration updates', () => {
    // The oracle applied each event to this configuration.
    const before = systemConfigOf({
      batcherAddr: `0x01${'00'.repeat(19)}`,
      overhead: `0x09${'00'.repeat(31)}`,
      scalar: `0x${'00'.repeat(31)}03`,
      gasLimit: '5',
      operatorFeeParams: `0x${'00'.repeat(32)}`,
      daFootprintGasScalar: 0,
    })
    const cases = hasVectors(...FOLDER) ? read<ConfigUpdateCase[]>('system_config_updates') : []
    for (const [index, test] of cases.entries()) {
      const name = `#${index} type ${test.topics[2]?.slice(-2)} ${test.ecotoneActive ? 'ecotone' : 'bedrock'} ${test.mutation}`
      it(name, () => {
        const log = { address: before.batcherAddress, topics: test.topics, data: hexToBytes(test.data) }
        if (test.post === undefined) {
          let thrown: unknown
          try {
            applyConfigUpdate(before, log, test.ecotoneActive)
          } catch (error) {
            thrown = error
          }
          expect(isAppError(thrown), `${name}: ${test.error}`).toBe(true)
        } else {
          expect(applyConfigUpdate(before, log, test.ecotoneActive), name).toEqual(systemConfigOf(test.post))
        }
        const receipts = [{ status: 1 as const, logs: [log] }]
        const applied = applyConfigUpdates(before, receipts, log.address, test.ecotoneActive)
        expect(applied.skipped.length, name).toBe(test.post === undefined ? 1 : 0)
        expect(applied.systemConfig, name).toEqual(test.post === undefined ? before : systemConfigOf(test.post))
      })
    }
  })

  describe('upgrade transactions', () => {
    type Upgrades = Record<'ecotone' | 'fjord' | 'isthmus' | 'jovian' | 'karst', Hash[]> & { karstUpgradeGas: number }

    for (const fork of ['ecotone', 'fjord', 'isthmus', 'jovian', 'karst'] as const) {
      it(fork, () => {
        const expected = read<Upgrades>('upgrade_txs')
        const { transactions, gas } = upgradeTransactions(forksUpTo(fork, 1100n), 1101n, blockTime)
        expect(transactions.map(({ raw }) => bytesToHex(raw))).toEqual(expected[fork])
        expect(gas).toBe(fork === 'karst' ? BigInt(expected.karstUpgradeGas) : 0n)
        expect(upgradeTransactions(forksUpTo(fork, 1100n), 1102n, blockTime).transactions).toEqual([])
      })
    }

    it('of forks that activate together come in fork order', () => {
      const expected = read<Upgrades>('upgrade_txs')
      const forks = new OpForks({ ecotone: 10n, fjord: 10n, isthmus: 10n, jovian: 10n })
      const { transactions } = upgradeTransactions(forks, 10n, blockTime)
      const { ecotone, fjord, isthmus, jovian } = expected
      expect(transactions.map(({ raw }) => bytesToHex(raw))).toEqual([...ecotone, ...fjord, ...isthmus, ...jovian])
    })

    it('of Karst add their gas', () => {
      expect(karstUpgradeGas()).toBe(BigInt(read<Upgrades>('upgrade_txs').karstUpgradeGas))
    })
  })
})
