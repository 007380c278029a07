import fc from 'fast-check'
import type { Address, Hex } from '../../../src/primitives/hex.ts'
import { toWord } from '../../../src/primitives/hex.ts'
import { user } from './dev-accounts.ts'
import type { L1Chain } from './l1-chain.ts'
import { L1_CHAIN_ID } from './l1-genesis.ts'
import { configUpdateCalldata, depositCalldata, PORTAL, SYSTEM_CONFIG, type UserDeposit } from './stand-in-contracts.ts'

/** Sends the transactions of the L1 whose events the L2 is to see. */
export class L1Sender {
  readonly #l1: L1Chain
  #nonce = 0

  constructor(l1: L1Chain) {
    this.#l1 = l1
  }

  async #send(to: Address, data: Hex): Promise<void> {
    const raw = await user.account.signTransaction({
      chainId: L1_CHAIN_ID,
      nonce: this.#nonce++,
      gas: 500_000n,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: 10n ** 9n,
      to,
      data,
    })
    await this.#l1.el.rpc.call('eth_sendRawTransaction', [raw])
  }

  /** An event of the portal. */
  deposit(deposit: UserDeposit): Promise<void> {
    return this.#send(PORTAL, depositCalldata(deposit))
  }

  /** An event of the SystemConfig. */
  update(type: number, payload: Hex): Promise<void> {
    return this.#send(SYSTEM_CONFIG, configUpdateCalldata(type, payload))
  }
}

/** A deposit before its accounts are chosen. */
export interface DepositPlan {
  readonly from: number
  readonly to: number
  readonly creation: boolean
  readonly mint: bigint
  readonly value: bigint
  readonly gasLimit: bigint
  readonly data: Hex
}

/** Deposits of all sorts: minting, failing before and in execution, creating. */
export const depositPlan: fc.Arbitrary<DepositPlan> = fc.record({
  from: fc.nat({ max: 999 }),
  to: fc.nat({ max: 999 }),
  creation: fc.boolean(),
  mint: fc.constantFrom(0n, 0n, 1n, 3n * 10n ** 18n),
  value: fc.constantFrom(0n, 1n, 10n ** 18n, 10n ** 30n),
  gasLimit: fc.constantFrom(0n, 20_999n, 21_000n, 53_100n, 100_000n, 400_000n),
  data: fc.constantFrom<Hex>(
    '0x',
    '0x00',
    '0x6001600055',
    '0x60006000fd',
    '0xfe',
    '0x61012a60005260206000a0600160025560206000f3',
    `0x${'ab'.repeat(600)}`,
  ),
})

/** A change of the chain's configuration: update type and payload. */
export type UpdatePlan = readonly [number, Hex]

/** Updates that a chain before Ecotone understands. */
export const earlyUpdate: fc.Arbitrary<UpdatePlan> = fc.oneof(
  fc.tuple(
    fc.constant(1),
    fc
      .tuple(fc.nat({ max: 5_000 }), fc.nat({ max: 2_000_000 }))
      .map(([overhead, scalar]): Hex => `${toWord(BigInt(overhead))}${toWord(BigInt(scalar)).slice(2)}`),
  ),
  fc.tuple(
    fc.constant(2),
    fc.integer({ min: 25_000_000, max: 60_000_000 }).map((limit): Hex => toWord(BigInt(limit))),
  ),
)

const versionOne = fc.tuple(fc.nat({ max: 2_000_000 }), fc.nat({ max: 2_000_000 })).map(([base, blob]): Hex => {
  const scalar = (1n << 248n) | (BigInt(blob) << 32n) | BigInt(base)
  return `${toWord(0n)}${toWord(scalar).slice(2)}`
})

/** Updates once the L1 origin is past Ecotone. */
export const lateUpdate: fc.Arbitrary<UpdatePlan> = fc.oneof(
  fc.tuple(fc.constant(1), versionOne),
  fc.tuple(
    fc.constant(2),
    fc.integer({ min: 25_000_000, max: 60_000_000 }).map((limit): Hex => toWord(BigInt(limit))),
  ),
  fc.tuple(
    fc.constant(4),
    fc.constantFrom([250n, 6n], [50n, 2n], [20n, 10n], [0n, 0n]).map(([denominator, elasticity]): Hex => {
      return toWord(((denominator as bigint) << 32n) | (elasticity as bigint))
    }),
  ),
  fc.tuple(
    fc.constant(5),
    fc
      .tuple(fc.nat({ max: 3_000_000 }), fc.nat({ max: 1_000_000_000 }))
      .map(([scalar, constant]): Hex => toWord((BigInt(scalar) << 64n) | BigInt(constant))),
  ),
  fc.tuple(
    fc.constant(6),
    fc.nat({ max: 2_000_000_000 }).map((fee): Hex => toWord(BigInt(fee))),
  ),
  fc.tuple(
    fc.constant(7),
    fc.constantFrom(0n, 1n, 400n, 3_000n).map((scalar): Hex => toWord(scalar)),
  ),
)
