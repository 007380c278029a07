import type { HDAccount, PrivateKeyAccount } from 'viem/accounts'
import { privateKeyToAccount } from 'viem/accounts'
import { type Address, bytesToHex, type Hex, hexToBytes, toWord } from '../../../src/primitives/hex.ts'
import { keccak256, keccakHash } from '../../../src/primitives/keccak.ts'
import { createDeposit } from '../../../src/protocol/transaction.ts'
import { asHex, type Code, initCode, op, push, pushAddress } from './assembler.ts'
import type { Action, AuthorizationPlan, Envelope } from './block-plan.ts'
import { devAccounts } from './dev-accounts.ts'
import { type PrecompileCase, precompileCases } from './precompile-cases.ts'
import { type AssemblyContext, assembleProgram, deploying } from './random-program.ts'
import {
  DESTROYABLE,
  EMPTY_ACCOUNTS,
  FACTORY,
  FACTORY_PROGRAMS,
  factoryAddress,
  factoryInput,
  PREDEPLOYS,
  PROBE,
  probeInput,
  SPAWNER,
  STORE,
  storeInput,
  TAKEN_SALT,
} from './scenery.ts'

/** Somebody who signs. */
export interface Signer {
  readonly address: Address
  readonly account: HDAccount | PrivateKeyAccount
}

function derived(name: string): Signer {
  const account = privateKeyToAccount(keccakHash(new TextEncoder().encode(name)))
  return { account, address: account.address.toLowerCase() as Address }
}

/** Accounts with ether, and behind them some that are poor until somebody sends them some. */
export const SIGNERS: readonly Signer[] = [
  ...devAccounts.map(({ account, address }) => ({ account, address })),
  ...['poor one', 'poor two', 'poor three'].map(derived),
]
const RICH = devAccounts.length

const SYSTEM_CONTRACTS: readonly Address[] = [
  '0x000f3df6d732807ef1319fb7b8bb8522d0beac02',
  '0x0000f90827f1c53a10cb7a02335b175320002935',
]

const PRECOMPILES: readonly Address[] = [...Array.from({ length: 0x12 }, (_, i) => i + 1), 0x100].map(
  (index) => `0x${index.toString(16).padStart(40, '0')}` as const,
)

/** What the content of a transaction depends on. */
export interface MakerContext {
  readonly chainId: number
  /** wei; of the block in the making. */
  readonly baseFee: bigint
  readonly cancun: boolean
  readonly prague: boolean
  /** The sender's nonce as far as it is known. */
  readonly nonceOf: (address: Address) => bigint
}

/** A signed transaction and what including it does to nonces, if it does what it looks like. */
export interface Made {
  readonly raw: Hex
  readonly sender: Address
  readonly kind: string
  /** How much each account's nonce rises. */
  readonly nonces: ReadonlyMap<Address, bigint>
}

interface Body {
  readonly to?: Address
  readonly data?: Hex
  readonly value?: bigint
  readonly gas: bigint
}

const GAS = 900_000n
const word = (value: bigint | number): string => BigInt(value).toString(16).padStart(64, '0')

/** Init codes that programs create contracts with. */
const CHILDREN: readonly Code[] = [
  op('STOP'),
  initCode(push(1) + push(1) + op('SSTORE', 'STOP'), push(5) + push(0) + op('SSTORE')),
  op('CALLER', 'SELFDESTRUCT'),
  push(1) + push(0) + op('SSTORE', 'ADDRESS', 'SELFDESTRUCT'),
  push(0) + push(0) + op('REVERT'),
  initCode('ef'),
  // Runs, and fails at its first byte, although EIP-3540 would have it otherwise.
  'ef000100',
  // 24577 bytes of code: one more than EIP-170 allows.
  push(24_577) + push(0) + op('RETURN'),
  op('INVALID'),
  initCode(push(0) + op('CALLDATALOAD', 'SELFDESTRUCT'), push(3) + push(3) + op('SSTORE')),
  push(0x40) + op('ADDRESS', 'BALANCE', 'SSTORE', 'STOP'),
]

/** Turns actions into signed transactions. */
export class TxMaker {
  /** Contracts that earlier blocks deployed. */
  readonly deployed: Address[] = []
  readonly #cases: readonly PrecompileCase[] = precompileCases()
  #fresh = 0

  #targets(): readonly Address[] {
    const factory = [0n, 1n, 2n, 3n].flatMap((salt) =>
      FACTORY_PROGRAMS.slice(0, 2).map((program) => factoryAddress(salt, program)),
    )
    return [
      ...SIGNERS.map(({ address }) => address),
      ...PRECOMPILES,
      ...PREDEPLOYS,
      ...SYSTEM_CONTRACTS,
      ...DESTROYABLE.slice(0, 6),
      ...EMPTY_ACCOUNTS.slice(0, 3),
      ...factory,
      STORE,
      FACTORY,
      SPAWNER,
      PROBE,
      // Twice: what programs left behind is what programs should meet.
      ...this.deployed.slice(-20),
      ...this.deployed.slice(-20),
    ]
  }

  target(index: number): Address {
    const targets = this.#targets()
    return targets[index % targets.length] as Address
  }

  #assembly(context: MakerContext): AssemblyContext {
    return { targets: this.#targets(), cancun: context.cancun, children: CHILDREN }
  }

  #freshAddress(): Address {
    return `0xf4e54${(this.#fresh++).toString(16).padStart(35, '0')}`
  }

  #body(action: Exclude<Action, { kind: 'setCode' }>, context: MakerContext): Body {
    const { value } = { value: 0n, ...action }
    switch (action.kind) {
      case 'transfer':
        return action.fresh
          ? { to: this.#freshAddress(), value: value + 1n, gas: 21_000n }
          : { to: this.target(action.target), value, gas: 200_000n }
      case 'deploy':
        return {
          data: asHex(deploying(action.constructor_, action.runtime, this.#assembly(context))),
          value,
          gas: GAS * 2n,
        }
      case 'init':
        return { data: asHex(assembleProgram(action.program, this.#assembly(context))), gas: GAS }
      case 'tight': {
        const data = asHex(assembleProgram(action.program, this.#assembly(context)))
        return { data, gas: intrinsicOf(data) + BigInt(action.spare) }
      }
      case 'callDeployed': {
        const to = this.deployed.at(-1 - (action.target % Math.max(1, this.deployed.length))) ?? STORE
        return { to, value, data: `0x${'5b'.repeat(action.size)}`, gas: GAS }
      }
      case 'factory': {
        const program = FACTORY_PROGRAMS[action.program % FACTORY_PROGRAMS.length] as Hex
        // Now and then at the address that is taken.
        const salt = action.program > 7 ? TAKEN_SALT : BigInt(action.salt)
        return { to: FACTORY, data: factoryInput(salt, action.program > 7 ? counter() : program), value, gas: GAS }
      }
      case 'factoryChild': {
        const to = factoryAddress(BigInt(action.salt), FACTORY_PROGRAMS[action.program] as Hex)
        return { to, data: `0x${this.target(action.target).slice(2).padStart(64, '0')}`, gas: GAS }
      }
      case 'spawn': {
        const runtime = action.destroys
          ? push(4) + push(4) + op('SSTORE') + pushAddress(this.target(Number(value))) + op('SELFDESTRUCT')
          : assembleProgram(action.program, this.#assembly(context))
        return { to: SPAWNER, data: asHex(initCode(runtime, push(1) + push(9) + op('SSTORE'))), value, gas: GAS * 2n }
      }
      case 'store':
        return {
          to: STORE,
          data: storeInput(action.writes.map(([slot, to]) => [BigInt(slot), to])),
          gas: GAS * 2n,
        }
      case 'destroy': {
        const to = DESTROYABLE[action.index % DESTROYABLE.length] as Address
        return { to, data: `0x${this.target(action.target).slice(2).padStart(64, '0')}`, gas: GAS }
      }
      case 'touchEmpty':
        return { to: EMPTY_ACCOUNTS[action.index % EMPTY_ACCOUNTS.length] as Address, gas: 50_000n }
      case 'precompile': {
        const chosen = this.#cases[action.index % this.#cases.length] as PrecompileCase
        const input = action.cut === 0 ? chosen.input : chosen.input.slice(0, -2 * action.cut)
        return this.precompile({ ...chosen, input }, action.direct)
      }
      case 'data': {
        const data = action.zeros ? '00'.repeat(action.size) : noise(action.size)
        return { to: this.target(action.size), data: `0x${data}`, gas: 300_000n }
      }
      case 'predeploy':
        return this.#predeploy(action.index, action.data, value)
    }
  }

  /** A call of a precompile, by itself or by way of a contract that keeps the result. */
  precompile(chosen: PrecompileCase, direct = false): Body {
    const to: Address = `0x${chosen.address.toString(16).padStart(40, '0')}`
    const data: Hex = direct ? `0x${chosen.input}` : probeInput(to, chosen.gas, chosen.input)
    // The probe's own instructions, and the 64th that a call leaves behind; for zeros the floor is above the rest.
    const spare = direct ? 0n : 200_000n + chosen.gas / 60n
    return { to: direct ? to : PROBE, data, gas: chosen.gas + spare + intrinsicOf(data) * 3n }
  }

  #predeploy(index: number, variant: number, value: bigint): Body {
    const oracle: Address = '0x420000000000000000000000000000000000000f'
    const passer: Address = '0x4200000000000000000000000000000000000016'
    const selector = (signature: string): Hex =>
      bytesToHex(keccak256(new TextEncoder().encode(signature)).subarray(0, 4))
    switch (variant) {
      case 0:
        // Ether to the passer is a withdrawal: it changes the storage root that the header has from Isthmus on.
        return { to: passer, value: value + 1n, gas: 400_000n }
      case 1:
        return { to: oracle, data: `${selector('getL1Fee(bytes)')}${word(32)}${word(64)}${noise(64)}`, gas: GAS }
      case 2: {
        const calldata = `${word(BigInt(this.target(index)))}${word(100_000)}${word(96)}${word(4)}${'c0ffee00'.padEnd(64, '0')}`
        return {
          to: passer,
          data: `${selector('initiateWithdrawal(address,uint256,bytes)')}${calldata}`,
          value,
          gas: GAS,
        }
      }
      case 3:
        // The right question to EIP-4788 or EIP-2935: a recent time, a recent number.
        return { to: SYSTEM_CONTRACTS[index % 2] as Address, data: toWord(BigInt(1_750_000_000 + index * 2)), gas: GAS }
      default:
        return { to: PREDEPLOYS[index % PREDEPLOYS.length] as Address, value, data: '0x12345678', gas: GAS }
    }
  }

  /** Signs what an action asks for. */
  async make(action: Action, envelope: Envelope, context: MakerContext): Promise<Made> {
    // The poor ones sign now and then; whether they can pay is for the chain to say.
    const signer = SIGNERS[envelope.sender % (envelope.sender % 10 === 9 ? SIGNERS.length : RICH)] as Signer
    if (action.kind === 'setCode' && context.prague) return this.#setCode(action, signer, envelope, context)
    const body =
      action.kind === 'setCode'
        ? { to: this.target(action.target), value: 1n, gas: 200_000n }
        : this.#body(action, context)
    return this.sign(body, signer, envelope, context, action.kind)
  }

  /** Wraps and signs. */
  async sign(body: Body, signer: Signer, envelope: Envelope, context: MakerContext, kind: string): Promise<Made> {
    const { chainId, baseFee } = context
    const nonce = context.nonceOf(signer.address)
    const accessList = envelope.list.map(({ target, slots }) => ({
      address: this.target(target),
      storageKeys: Array.from({ length: slots }, (_, i) => toWord(BigInt(i))),
    }))
    const listGas = accessList.reduce((sum, { storageKeys }) => sum + 2_400n + 1_900n * BigInt(storageKeys.length), 0n)
    const listed = envelope.type === 'eip2930' || envelope.type === 'eip1559'
    const common = { ...body, nonce: Number(nonce), gas: body.gas + (listed ? listGas : 0n) }
    const gasPrice = baseFee * 2n + envelope.tip
    const { account } = signer
    let raw: Hex
    if (envelope.type === 'legacy')
      raw = await account.signTransaction({ ...common, type: 'legacy', gasPrice, chainId })
    else if (envelope.type === 'unprotected')
      raw = await account.signTransaction({ ...common, type: 'legacy', gasPrice })
    else if (envelope.type === 'eip2930') {
      raw = await account.signTransaction({ ...common, type: 'eip2930', gasPrice, chainId, accessList })
    } else {
      raw = await account.signTransaction({
        ...common,
        type: 'eip1559',
        maxFeePerGas: gasPrice,
        maxPriorityFeePerGas: envelope.tip,
        chainId,
        accessList,
      })
    }
    return { raw, sender: signer.address, kind, nonces: new Map([[signer.address, 1n]]) }
  }

  async #setCode(
    action: Action & { kind: 'setCode' },
    signer: Signer,
    envelope: Envelope,
    context: MakerContext,
  ): Promise<Made> {
    const nonces = new Map<Address, bigint>([[signer.address, 1n]])
    const authorizationList = []
    for (const plan of action.authorizations) {
      const authority = plan.variant === 'self' ? signer : (SIGNERS[plan.signer % SIGNERS.length] as Signer)
      const nonce = context.nonceOf(authority.address) + (nonces.get(authority.address) ?? 0n)
      const authorization = await this.#authorize(plan, authority, nonce, context)
      if (authorization.applies) nonces.set(authority.address, (nonces.get(authority.address) ?? 0n) + 1n)
      authorizationList.push(authorization.signed)
    }
    const first = SIGNERS[(action.authorizations[0]?.signer ?? 0) % SIGNERS.length] as Signer
    const raw = await signer.account.signTransaction({
      type: 'eip7702',
      chainId: context.chainId,
      nonce: Number(context.nonceOf(signer.address)),
      gas: GAS,
      maxFeePerGas: context.baseFee * 2n + envelope.tip,
      maxPriorityFeePerGas: envelope.tip,
      to: action.callAuthority ? first.address : this.target(action.target),
      data: '0x0000000000000000000000000000000000000000000000000000000000000005',
      authorizationList,
    })
    return { raw, sender: signer.address, kind: 'setCode', nonces }
  }

  async #authorize(plan: AuthorizationPlan, authority: Signer, nonce: bigint, context: MakerContext) {
    const { variant } = plan
    const contractAddress: Address =
      variant === 'clear'
        ? `0x${'00'.repeat(20)}`
        : variant === 'toPrecompile'
          ? (PRECOMPILES[plan.target % PRECOMPILES.length] as Address)
          : this.target(plan.target)
    const sign = authority.account.signAuthorization
    if (sign === undefined) throw new Error('the account signs no authorizations')
    const signed = await sign({
      contractAddress,
      chainId: variant === 'wrongChain' ? context.chainId + 1 : variant === 'anyChain' ? 0 : context.chainId,
      nonce: Number(nonce) + (variant === 'wrongNonce' ? 1 : 0),
    })
    const spoilt = variant === 'badSignature' ? { ...signed, r: toWord((1n << 256n) - 1n) } : signed
    const applies = variant !== 'wrongChain' && variant !== 'wrongNonce' && variant !== 'badSignature'
    return { signed: spoilt, applies }
  }
}

const counter = (): Hex => FACTORY_PROGRAMS[1] as Hex

/** Gas before the first instruction of a creation, on the high side. */
function intrinsicOf(data: Hex): bigint {
  const bytes = hexToBytes(data)
  const zeros = bytes.reduce((count, byte) => count + (byte === 0 ? 1 : 0), 0)
  return 53_000n + BigInt(zeros * 4 + (bytes.length - zeros) * 16 + Math.ceil(bytes.length / 32) * 2)
}

/** Bytes that no compression shortens, as digits. */
export function noise(size: number): string {
  let bytes = ''
  for (let i = 0; bytes.length < size * 2; i++) bytes += keccakHash(hexToBytes(toWord(BigInt(i * 31 + size)))).slice(2)
  return bytes.slice(0, size * 2)
}

/** A deposit that no L1 has seen: the execution layer takes it all the same. */
export function looseDeposit(fields: {
  readonly from: Address
  readonly to: Address | undefined
  readonly mint: bigint
  readonly value: bigint
  readonly gasLimit: bigint
  readonly data: Hex
  readonly salt: number
}): Hex {
  const { salt, data, ...rest } = fields
  const { raw } = createDeposit({
    ...rest,
    data: hexToBytes(data),
    sourceHash: keccakHash(hexToBytes(toWord(BigInt(salt)))),
    isSystemTx: false,
  })
  return bytesToHex(raw)
}
