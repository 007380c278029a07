import fc from 'fast-check'
import { type Address, bytesToHex, type Hex, toQuantity, toWord } from '../../../src/primitives/hex.ts'
import { isDeposit, type Transaction } from '../../../src/protocol/transaction.ts'
import { asHex, op, push } from './assembler.ts'
import { blockPlan, type Event } from './block-plan.ts'
import { STORE } from './scenery.ts'
import { CALLS, type TwinChain } from './twin-chain.ts'

/** A call's parameters as JSON. */
export type CallParams = readonly [message: Record<string, unknown>, block: unknown, state?: unknown, header?: unknown]

/** `Error(string)` with a text, as revert data. */
function errorData(text: string): Hex {
  const bytes = new TextEncoder().encode(text)
  const padded = bytesToHex(bytes)
    .slice(2)
    .padEnd(Math.ceil(bytes.length / 32) * 64, '0')
  return `0x08c379a0${toWord(32n).slice(2)}${toWord(BigInt(bytes.length)).slice(2)}${padded}`
}

/** Code that reverts with data. */
function reverting(data: Hex): Hex {
  const digits = data.slice(2)
  const words = Array.from({ length: Math.ceil(digits.length / 64) }, (_, i) => digits.slice(i * 64, i * 64 + 64))
  const stores = words.map((word, i) => push(BigInt(`0x${word.padEnd(64, '0')}`)) + push(i * 32) + op('MSTORE'))
  return asHex(stores.join('') + push(digits.length / 2) + push(0) + op('REVERT'))
}

/** What accounts are overridden with. */
const CODES: readonly Hex[] = [
  reverting(errorData('not enough cheese')),
  reverting('0x4e487b710000000000000000000000000000000000000000000000000000000000000011'),
  reverting('0x4e487b710000000000000000000000000000000000000000000000000000000000000099'),
  reverting('0x12345678'),
  '0x60006000fd',
  '0xfe',
  '0x0c',
  '0x5f5f5f01',
  '0x01',
  '0x60ff56',
  // All of what a block tells: NUMBER, TIMESTAMP, COINBASE, PREVRANDAO, GASLIMIT, BASEFEE, BLOBBASEFEE, CHAINID, GASPRICE.
  asHex(
    ['NUMBER', 'TIMESTAMP', 'COINBASE', 'PREVRANDAO', 'GASLIMIT', 'BASEFEE', 'BLOBBASEFEE', 'CHAINID', 'GASPRICE']
      .map((name, i) => op(name as 'NUMBER') + push(i * 32) + op('MSTORE'))
      .join('') +
      push(288) +
      push(0) +
      op('RETURN'),
  ),
  // Three ancestors' hashes, and what they are in the future.
  asHex(
    [0, 1, 2, 3, 300]
      .map((back, i) => push(back) + op('NUMBER', 'SUB', 'BLOCKHASH') + push(i * 32) + op('MSTORE'))
      .join('') +
      push(160) +
      push(0) +
      op('RETURN'),
  ),
  // Whether there is gas enough left: the gas that it needs is more than it uses.
  asHex(
    push(100_000) + op('GAS', 'GT') + push(0x0e) + op('JUMPI') + push(0) + push(0) + op('REVERT', 'JUMPDEST', 'STOP'),
  ),
  // Storage: slot 0 and slot 1 are returned, and cleared for a refund.
  asHex(
    push(0) +
      op('SLOAD') +
      push(0) +
      op('MSTORE') +
      push(1) +
      op('SLOAD') +
      push(32) +
      op('MSTORE') +
      push(0) +
      push(0) +
      op('SSTORE') +
      push(0) +
      push(1) +
      op('SSTORE') +
      push(64) +
      push(0) +
      op('RETURN'),
  ),
  // An endless loop.
  '0x5b5f56',
]

const BALANCES = [0n, 1n, 10n ** 15n, 10n ** 18n, 10n ** 24n]

/** What is done to a transaction to make a call of it. */
const variation = fc.record({
  gas: fc.constantFrom('none', 'own', 'huge', 'tiny', 'tight', 'zero'),
  fee: fc.constantFrom('none', 'own', 'legacy', 'both', 'low', 'capOnly', 'tipOnly', 'inverted', 'huge'),
  input: fc.constantFrom('data', 'input', 'both'),
  value: fc.constantFrom('own', 'none', 'rich'),
  nonce: fc.boolean(),
  chainId: fc.constantFrom('none', 'own', 'wrong'),
  from: fc.constantFrom('own', 'none', 'contract', 'stranger'),
  to: fc.constantFrom('own', 'code'),
  block: fc.constantFrom('latest', 'older', 'older', 'hash', 'pending', 'object', 'missing'),
  state: fc.constantFrom('none', 'target', 'target', 'sender', 'storage', 'precompile', 'twice'),
  header: fc.constantFrom('none', 'number', 'time', 'all', 'all', 'fee', 'far', 'beaconRoot'),
  pick: fc.nat({ max: 1_000_000 }),
})
type Variation = typeof variation extends fc.Arbitrary<infer T> ? T : never

/** As little as can be done: most calls should go through. */
const PLAIN: Omit<Variation, 'pick'> = {
  gas: 'own',
  fee: 'none',
  input: 'data',
  value: 'own',
  nonce: false,
  chainId: 'none',
  from: 'own',
  to: 'own',
  block: 'latest',
  state: 'none',
  header: 'none',
}
/** What is varied in one call. */
const aspects = fc.oneof(
  fc.subarray(Object.keys(PLAIN) as (keyof typeof PLAIN)[], { maxLength: 3 }),
  // Code of many kinds, run as it is.
  fc.constantFrom<(keyof typeof PLAIN)[]>(['to', 'state'], ['state'], ['state', 'gas'], ['to', 'state', 'header']),
)

const STRANGER: Address = `0x${'5e'.repeat(20)}`
const CODE_AT: Address = `0xc0de${'00'.repeat(18)}`

function fees(kind: Variation['fee'], transaction: Transaction, baseFee: bigint): Record<string, unknown> {
  if (isDeposit(transaction)) return {}
  const cap = toQuantity(transaction.maxFeePerGas)
  switch (kind) {
    case 'none':
      return {}
    case 'own':
      return { maxFeePerGas: cap, maxPriorityFeePerGas: toQuantity(transaction.maxPriorityFeePerGas) }
    case 'legacy':
      return { gasPrice: cap }
    case 'both':
      return { gasPrice: cap, maxFeePerGas: cap }
    case 'low':
      return { maxFeePerGas: toQuantity(baseFee / 2n + 1n) }
    case 'capOnly':
      return { maxFeePerGas: cap }
    case 'tipOnly':
      return { maxPriorityFeePerGas: '0x1' }
    case 'inverted':
      return { maxFeePerGas: cap, maxPriorityFeePerGas: toQuantity(transaction.maxFeePerGas + 1n) }
    case 'huge':
      return { maxFeePerGas: toQuantity(10n ** 19n) }
  }
}

function listed(transaction: Transaction): Record<string, unknown> {
  if (isDeposit(transaction)) return {}
  return {
    ...(transaction.accessList.length > 0 && { accessList: transaction.accessList }),
    ...(transaction.type === 4 && {
      authorizationList: transaction.authorizationList.map(({ address, ...fields }) => ({
        address,
        ...Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, toQuantity(value)])),
      })),
    }),
  }
}

function message(transaction: Transaction, how: Variation, chain: TwinChain, baseFee: bigint): Record<string, unknown> {
  const { gas, input, value, from, to } = how
  const bytes = bytesToHex(transaction.data)
  const used = transaction.to === undefined ? 53_000n : 21_000n
  const gasOf = {
    own: transaction.gasLimit,
    huge: 10n ** 12n,
    tiny: 20_000n,
    tight: used + BigInt(how.pick % 9_000),
    zero: 0n,
  }
  return {
    ...(from !== 'none' && { from: from === 'own' ? transaction.sender : from === 'contract' ? STORE : STRANGER }),
    ...(to === 'code' ? { to: CODE_AT } : transaction.to !== undefined && { to: transaction.to }),
    ...(gas !== 'none' && { gas: toQuantity(gasOf[gas]) }),
    ...fees(how.fee, transaction, baseFee),
    ...(value === 'own' && { value: toQuantity(transaction.value) }),
    ...(value === 'rich' && { value: toQuantity(10n ** 30n) }),
    ...(how.nonce && { nonce: toQuantity(BigInt(how.pick % 50)) }),
    ...(input !== 'input' && { data: input === 'both' ? '0xdead' : bytes }),
    ...(input !== 'data' && { input: bytes }),
    ...(how.chainId !== 'none' && { chainId: toQuantity(how.chainId === 'own' ? chain.chainId : 5) }),
    ...listed(transaction),
    unknownKey: 1,
  }
}

function blockOf(how: Variation, chain: TwinChain): unknown {
  const older = 1n + (BigInt(how.pick) % chain.headNumber)
  switch (how.block) {
    case 'latest':
      return 'latest'
    case 'pending':
      // geth makes a block of its own of it; to op-geth and here it is the head.
      return chain.op ? 'pending' : 'latest'
    case 'older':
      return toQuantity(older)
    case 'hash':
      return chain.block(older).hash
    case 'object':
      return { blockHash: chain.block(older).hash, requireCanonical: true }
    case 'missing':
      return how.pick % 2 === 0 ? toQuantity(chain.headNumber + 5n) : toWord(BigInt(how.pick))
  }
}

function stateOf(how: Variation, transaction: Transaction): Record<string, unknown> | undefined {
  const code = CODES[how.pick % CODES.length] as Hex
  const balance = toQuantity(BALANCES[how.pick % BALANCES.length] as bigint)
  const target = transaction.to ?? STORE
  const coded = how.to === 'code' ? { [CODE_AT]: { code, balance: '0x10' } } : {}
  switch (how.state) {
    case 'none':
      return how.to === 'code' ? coded : undefined
    case 'target':
      return { ...coded, [target]: { code } }
    case 'sender':
      return { ...coded, [transaction.sender]: { balance, nonce: '0x7' }, [STRANGER]: { balance } }
    case 'storage': {
      const slots = { [toWord(0n)]: toWord(5n), [toWord(1n)]: toWord(BigInt(how.pick)) }
      return { [target]: how.pick % 2 === 0 ? { code, state: slots } : { code, stateDiff: slots } }
    }
    case 'precompile': {
      const from: Address = `0x${(1 + (how.pick % 9)).toString(16).padStart(40, '0')}`
      if (how.pick % 3 === 0) return { [from]: { movePrecompileToAddress: CODE_AT, code } }
      return how.pick % 3 === 1 ? { [from]: { code } } : { [STRANGER]: { movePrecompileToAddress: from } }
    }
    case 'twice':
      return { [target]: { state: {}, stateDiff: {} }, ...coded }
  }
}

function headerOf(how: Variation, chain: TwinChain): Record<string, unknown> | undefined {
  const next = toQuantity(chain.headNumber + 1n)
  switch (how.header) {
    case 'none':
      return undefined
    case 'number':
      return { number: next }
    case 'far':
      return { number: toQuantity(1_000_000n) }
    case 'time':
      return { time: toQuantity(2_000_000_000n) }
    case 'fee':
      return { baseFeePerGas: toQuantity(BigInt(how.pick) * 10_000n) }
    case 'beaconRoot':
      return { beaconRoot: toWord(1n) }
    case 'all':
      return {
        number: next,
        time: toQuantity(3_000n),
        gasLimit: toQuantity(12_345_678n),
        feeRecipient: STRANGER,
        prevRandao: toWord(77n),
        baseFeePerGas: '0x3',
        blobBaseFee: '0x9',
        difficulty: '0x1',
      }
  }
}

type Aspect = keyof typeof PLAIN

/** A random transaction, and what is done to it. */
async function vary(
  chain: TwinChain,
  prague: boolean,
  varying: fc.Arbitrary<readonly Aspect[]>,
): Promise<readonly [Transaction, Variation]> {
  const plan = chain.draw(blockPlan(CALLS, 20))
  const event = plan.find((candidate): candidate is Event & { kind: 'include' } => candidate.kind === 'include')
  if (event === undefined) return vary(chain, prague, varying)
  const varied = chain.draw(variation)
  const changes = Object.fromEntries(chain.draw(varying).map((aspect) => [aspect, varied[aspect]]))
  const transaction = await chain.transaction(event.action, event.envelope, prague)
  return [transaction, { ...PLAIN, pick: varied.pick, ...changes }]
}

function baseFeeOf(chain: TwinChain): bigint {
  return chain.block(chain.headNumber).header.baseFeePerGas ?? 0n
}

/** A random call on one of the chain's blocks: a random transaction, varied. */
export async function randomCall(chain: TwinChain, prague: boolean): Promise<CallParams> {
  const [transaction, how] = await vary(chain, prague, aspects)
  const params = [
    message(transaction, how, chain, baseFeeOf(chain)),
    blockOf(how, chain),
    stateOf(how, transaction),
    headerOf(how, chain),
  ]
  while (params.at(-1) === undefined) params.pop()
  return params.map((param) => param ?? null) as unknown as CallParams
}

/** What is varied in one call of many that are to run one after the other: mostly nothing. */
const simulated = fc.oneof(
  { weight: 30, arbitrary: fc.constant<readonly Aspect[]>([]) },
  { weight: 10, arbitrary: fc.constantFrom<readonly Aspect[]>(['to', 'state'], ['state']) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<readonly Aspect[]>(
      ['gas'],
      ['fee'],
      ['value'],
      ['nonce'],
      ['from'],
      ['input'],
      ['chainId'],
    ),
  },
)

/** geth keeps an account that an override leaves with nothing, which shows in nothing but the state root of the block. */
function withSomething(overrides: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(overrides).replaceAll('"balance":"0x0"', '"balance":"0x1"')) as typeof overrides
}

const blockShape = fc.record({
  calls: fc.nat({ max: 4 }),
  gap: fc.constantFrom(undefined, undefined, undefined, undefined, 1n, 2n, 5n),
  later: fc.constantFrom(undefined, undefined, 1n, 2n, 1_000n),
  wrong: fc.constantFrom(...Array<undefined>(60).fill(undefined), 'number', 'time', 'far'),
  header: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('none', 'fee', 'all', 'root', 'withdrawals') },
    { weight: 1, arbitrary: fc.constant('gasLimit') },
  ),
  gasFree: fc.boolean(),
  pick: fc.nat({ max: 1_000_000 }),
})
type BlockShape = typeof blockShape extends fc.Arbitrary<infer T> ? T : never

function simulatedHeader({ header, pick }: BlockShape, withdraws: boolean): Record<string, unknown> {
  switch (header) {
    case 'none':
      return {}
    case 'fee':
      return { baseFeePerGas: toQuantity(BigInt(pick) * 10_000n), blobBaseFee: toQuantity(pick) }
    case 'all':
      return { gasLimit: toQuantity(25_000_000n), feeRecipient: STRANGER, prevRandao: toWord(BigInt(pick)) }
    case 'gasLimit':
      return { gasLimit: toQuantity(200_000n) }
    case 'root':
      return { beaconRoot: toWord(BigInt(pick)) }
    case 'withdrawals':
      return {
        withdrawals: withdraws
          ? [{ index: '0x1', validatorIndex: '0x2', address: STRANGER, amount: toQuantity(pick) }]
          : [],
      }
  }
}

/** Random blocks on top of one of the chain's, for `eth_simulateV1`. */
export async function randomSimulation(chain: TwinChain, prague: boolean): Promise<readonly unknown[]> {
  const base = chain.block(chain.draw(fc.bigInt({ min: 1n, max: chain.headNumber }))).header
  const flags = chain.draw(
    fc.record({
      traceTransfers: fc.boolean(),
      validation: fc.constantFrom(false, false, false, true),
      returnFullTransactions: fc.boolean(),
    }),
  )
  let { number, timestamp } = base
  const blockStateCalls: unknown[] = []
  for (const shape of chain.draw(fc.array(blockShape, { minLength: 1, maxLength: 4 }))) {
    const { gap, later, wrong } = shape
    const before = timestamp + ((gap ?? 1n) - 1n) * 12n
    number += gap ?? 1n
    timestamp = before + (later ?? 12n)
    const calls: unknown[] = []
    const states: Record<string, unknown>[] = []
    for (let call = 0; call < shape.calls; call++) {
      const [transaction, how] = await vary(chain, prague, simulated)
      const offer = flags.validation && how.fee === 'none' ? 'own' : how.fee
      const { gas, ...rest } = message(transaction, { ...how, fee: offer }, chain, baseFeeOf(chain))
      calls.push(shape.gasFree && gas !== undefined ? rest : { gas, ...rest })
      states.push(stateOf(how, transaction) ?? {})
    }
    blockStateCalls.push({
      blockOverrides: {
        ...simulatedHeader(shape, !(chain.op && prague)),
        ...(gap !== undefined && { number: toQuantity(number) }),
        ...(later !== undefined && { time: toQuantity(timestamp) }),
        ...(wrong === 'number' && { number: toQuantity(base.number) }),
        ...(wrong === 'time' && { time: toQuantity(base.timestamp) }),
        ...(wrong === 'far' && { number: toQuantity(base.number + 300n) }),
      },
      ...(chain.draw(fc.boolean()) && { stateOverrides: withSomething(Object.assign({}, ...states)) }),
      calls,
    })
  }
  return [{ blockStateCalls, ...flags }, toQuantity(base.number)]
}
