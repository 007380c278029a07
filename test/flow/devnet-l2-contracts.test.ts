import {
  concat,
  decodeFunctionResult,
  encodeAbiParameters,
  encodeEventTopics,
  encodeFunctionData,
  erc20Abi,
  keccak256,
  multicall3Abi,
  parseAbi,
  toFunctionSelector,
} from 'viem'
import { getWithdrawalHashStorageSlot } from 'viem/op-stack'
import { beforeEach, describe, expect, it } from 'vitest'
import { DEV_ACCOUNTS, DEV_BALANCE, DEV_ROLES } from '../../src/devnet/dev-accounts.ts'
import { devnetL2Genesis } from '../../src/devnet/l2-genesis.ts'
import { PREDEPLOYS } from '../../src/devnet/predeploys.ts'
import { DETERMINISTIC_DEPLOYER, MULTICALL3 } from '../../src/devnet/well-known-contracts.ts'
import {
  type Address,
  bytesToBigInt,
  bytesToHex,
  type Hex,
  toWord,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '../../src/primitives/hex.ts'
import { parseGenesis } from '../../src/protocol/genesis.ts'
import { AllocEvm } from '../support/alloc-evm.ts'

const [alice, bob] = DEV_ACCOUNTS
const L1_SOURCE = { hash: ZERO_HASH, number: 0n, timestamp: 1_000n, baseFeePerGas: 7n, blobBaseFee: 1n }

/** A chain with every upgrade at genesis. */
function chain(chainId: bigint): AllocEvm {
  const file = devnetL2Genesis({ chain: { chainId, fork: 'interop' }, timestamp: 1_000n, l1: L1_SOURCE })
  return new AllocEvm(parseGenesis(file).alloc, { chainId })
}

let evm: AllocEvm
beforeEach(() => {
  evm = chain(901n)
})

async function uint(to: Address, signature: string, args: Hex = '0x', from: Address = alice.address): Promise<bigint> {
  const { success, returnValue } = await evm.call({ from, to, data: concat([toFunctionSelector(signature), args]) })
  expect(success, signature).toBe(true)
  return bytesToBigInt(returnValue)
}

async function balance(address: Address): Promise<bigint> {
  return (await evm.overlay.account(address))?.balance ?? 0n
}

describe('L2ToL1MessagePasser', () => {
  const to = PREDEPLOYS.l2ToL1MessagePasser
  const abi = parseAbi([
    'function initiateWithdrawal(address target, uint256 gasLimit, bytes data) payable',
    'event MessagePassed(uint256 indexed nonce, address indexed sender, address indexed target, uint256 value, uint256 gasLimit, bytes data, bytes32 withdrawalHash)',
  ])
  const PARTS = ['uint256', 'address', 'address', 'uint256', 'uint256', 'bytes'].map((type) => ({ type }))
  const slotOf = (hash: Hex): Hex => getWithdrawalHashStorageSlot({ withdrawalHash: hash })

  it('notes each withdrawal where L1 looks for it', async () => {
    for (const index of [0n, 1n]) {
      const nonce = (1n << 240n) | index
      expect(await uint(to, 'messageNonce()')).toBe(nonce)
      const data = encodeFunctionData({
        abi,
        functionName: 'initiateWithdrawal',
        args: [bob.address, 50_000n, '0xabcd'],
      })
      const { logs } = await evm.call({ from: alice.address, to, data, value: 3n })
      const hash = keccak256(encodeAbiParameters(PARTS, [nonce, alice.address, bob.address, 3n, 50_000n, '0xabcd']))
      expect(await evm.overlay.slot(to, slotOf(hash))).toBe(1n)
      expect(await uint(to, 'sentMessages(bytes32)', hash)).toBe(1n)
      const words = [{ type: 'uint256' }, { type: 'uint256' }, { type: 'bytes' }, { type: 'bytes32' }]
      expect(logs.map(({ data: bytes, ...log }) => ({ ...log, data: bytesToHex(bytes) }))).toEqual([
        {
          address: to,
          topics: encodeEventTopics({
            abi,
            eventName: 'MessagePassed',
            args: { nonce, sender: alice.address, target: bob.address },
          }),
          data: encodeAbiParameters(words, [3n, 50_000n, '0xabcd', hash]),
        },
      ])
    }
    expect(await evm.overlay.slot(to, toWord(1n))).toBe(2n)
  })

  it('takes plain ether for a withdrawal to the sender, and can burn it', async () => {
    expect((await evm.call({ from: alice.address, to, value: 5n })).logs).toHaveLength(1)
    const hash = keccak256(encodeAbiParameters(PARTS, [1n << 240n, alice.address, alice.address, 5n, 100_000n, '0x']))
    expect(await evm.overlay.slot(to, slotOf(hash))).toBe(1n)
    expect(await balance(to)).toBe(5n)
    const burnt = await evm.call({ to, data: toFunctionSelector('burn()') })
    expect(burnt).toMatchObject({ success: true, logs: [{ topics: [expect.anything(), toWord(5n)] }] })
    expect(await balance(to)).toBe(0n)
  })
})

describe('a vault', () => {
  it.each(['sequencerFeeVault', 'baseFeeVault', 'l1FeeVault', 'operatorFeeVault'] as const)(
    'gives what it collected to the owner: %s',
    async (name) => {
      const to = PREDEPLOYS[name]
      expect((await evm.call({ from: bob.address, to, value: 11n })).success).toBe(true)
      expect(await uint(to, 'RECIPIENT()')).toBe(BigInt(DEV_ROLES.owner.address))
      expect(await uint(to, 'withdraw()', '0x', bob.address)).toBe(11n)
      expect(await balance(to)).toBe(0n)
      expect(await balance(DEV_ROLES.owner.address)).toBe(DEV_BALANCE + 11n)
      expect(await uint(to, 'totalProcessed()')).toBe(11n)
    },
  )
})

describe('a proxy', () => {
  it('is upgraded by the zero address or its administrator, and by nobody else', async () => {
    const to = PREDEPLOYS.l1Block
    const upgrade = concat([toFunctionSelector('upgradeTo(address)'), toWord(BigInt(MULTICALL3.address))])
    expect((await evm.call({ from: bob.address, to, data: upgrade })).success).toBe(false)
    expect(await uint(to, 'number()')).toBe(0n)
    for (const from of [ZERO_ADDRESS, DEV_ROLES.owner.address]) {
      const { success, logs } = await evm.call({ from, to, data: upgrade })
      expect([success, logs.length]).toEqual([true, 1])
      expect(await uint(to, 'implementation()', '0x', from)).toBe(BigInt(MULTICALL3.address))
      expect(await uint(to, 'admin()', '0x', from)).toBe(BigInt(DEV_ROLES.owner.address))
    }
    expect(await uint(to, 'getChainId()', '0x', bob.address)).toBe(901n)
  })
})

const INBOX_ABI = parseAbi([
  'struct Identifier { address origin; uint256 blockNumber; uint256 logIndex; uint256 timestamp; uint256 chainId; }',
  'function validateMessage(Identifier id, bytes32 msgHash)',
  'function calculateChecksum(Identifier id, bytes32 msgHash) view returns (bytes32)',
  'event ExecutingMessage(bytes32 indexed msgHash, Identifier id)',
  'function sendMessage(uint256 destination, address target, bytes message) returns (bytes32)',
  'function relayMessage(Identifier id, bytes sentMessage) payable returns (bytes)',
  'function resendMessage(uint256 destination, uint256 nonce, address sender, address target, bytes message) returns (bytes32)',
])

type Identifier = Readonly<Record<'blockNumber' | 'logIndex' | 'timestamp' | 'chainId', bigint>> & {
  readonly origin: Address
}

async function checksum(id: Identifier, msgHash: Hex): Promise<Hex> {
  const data = encodeFunctionData({ abi: INBOX_ABI, functionName: 'calculateChecksum', args: [id, msgHash] })
  const { success, returnValue } = await evm.call({ to: PREDEPLOYS.crossL2Inbox, data })
  return success ? bytesToHex(returnValue) : '0x'
}

describe('CrossL2Inbox', () => {
  const to = PREDEPLOYS.crossL2Inbox
  // The vector of the specification.
  const msgHash = '0xc3f57e1f0dd62a4f77787d834029bfeaab8894022c47edbe13b044fb658c9190'
  const id = {
    origin: '0x5fbdb2315678afecb367f032d93f642f64180aa3',
    blockNumber: 4509n,
    logIndex: 0n,
    timestamp: 1_730_467_171n,
    chainId: 900_200n,
  } as const
  const sum = '0x0307d89c993b125400cb5868be4cbbafa6a6b1d9b8a6d530d49e8c4a30fb2aa1'
  const data = encodeFunctionData({ abi: INBOX_ABI, functionName: 'validateMessage', args: [id, msgHash] })

  it('computes checksums', async () => {
    expect(await checksum(id, msgHash)).toBe(sum)
    expect(await checksum({ ...id, chainId: 1n << 200n }, msgHash)).toMatch(/^0x03/)
    for (const wrong of [{ blockNumber: 1n << 64n }, { logIndex: 1n << 32n }, { timestamp: 1n << 64n }]) {
      expect(await checksum({ ...id, ...wrong }, msgHash)).toBe('0x')
    }
  })

  it('lets a message pass that the access list states', async () => {
    const { success, logs } = await evm.call({ to, data, accessList: [{ address: to, storageKeys: [sum] }] })
    expect(success).toBe(true)
    expect(logs.map((log) => [log.address, log.topics, bytesToHex(log.data)])).toEqual([
      [
        to,
        encodeEventTopics({ abi: INBOX_ABI, eventName: 'ExecutingMessage', args: { msgHash } }),
        encodeAbiParameters(
          ['address', 'uint256', 'uint256', 'uint256', 'uint256'].map((type) => ({ type })),
          [id.origin, id.blockNumber, id.logIndex, id.timestamp, id.chainId],
        ),
      ],
    ])
  })

  it('refuses every other', async () => {
    const error = toFunctionSelector('NotInAccessList()')
    for (const storageKeys of [[], [toWord(BigInt(sum) + 1n)]]) {
      const { success, returnValue } = await evm.call({ to, data, accessList: [{ address: to, storageKeys }] })
      expect([success, bytesToHex(returnValue)]).toEqual([false, error])
    }
  })

  it('is there with Interop only', () => {
    const file = devnetL2Genesis({ chain: { chainId: 901n }, timestamp: 1_000n, l1: L1_SOURCE })
    expect(file.alloc[to]).toBeUndefined()
    expect(file.alloc[PREDEPLOYS.l2ToL2CrossDomainMessenger]).toBeUndefined()
  })
})

describe('L2ToL2CrossDomainMessenger', () => {
  const to = PREDEPLOYS.l2ToL2CrossDomainMessenger
  const inbox = PREDEPLOYS.crossL2Inbox
  const failing = PREDEPLOYS.l1Block

  /** Sends a message on chain 901 and makes the call that relays it on chain 902. */
  async function sent(target: Address, message: Hex, destination = 902n) {
    const data = encodeFunctionData({
      abi: INBOX_ABI,
      functionName: 'sendMessage',
      args: [destination, target, message],
    })
    const { success, logs, returnValue } = await evm.call({ from: alice.address, to, data })
    const [log] = logs
    if (!success || log === undefined) return { error: bytesToHex(returnValue) }
    const payload = concat([...log.topics, bytesToHex(log.data)])
    const id = { origin: to, blockNumber: 100n, logIndex: 0n, timestamp: 5_000n, chainId: 901n }
    const sum = await checksum(id, keccak256(payload))
    const relay = encodeFunctionData({ abi: INBOX_ABI, functionName: 'relayMessage', args: [id, payload] })
    const accessList = [{ address: inbox, storageKeys: [sum] }]
    return { messageHash: bytesToHex(returnValue), payload, relay: { from: bob.address, to, data: relay, accessList } }
  }

  it('delivers a message once', async () => {
    const transfer = encodeFunctionData({ abi: erc20Abi, functionName: 'approve', args: [bob.address, 7n] })
    const { relay, messageHash } = await sent(PREDEPLOYS.weth, transfer)
    if (relay === undefined) throw new Error('not sent')
    expect(await uint(to, 'sentMessages(bytes32)', messageHash)).toBe(1n)
    evm = chain(902n)
    const { success, logs } = await evm.call(relay)
    expect(success).toBe(true)
    expect(logs.map(({ address }) => address)).toEqual([inbox, PREDEPLOYS.weth, to])
    expect(logs[1]?.topics[1]).toBe(toWord(BigInt(to)))
    expect(await uint(to, 'successfulMessages(bytes32)', messageHash)).toBe(1n)
    const again = await evm.call(relay)
    expect(bytesToHex(again.returnValue)).toBe(toFunctionSelector('MessageAlreadyRelayed()'))
    expect((await evm.call({ ...relay, accessList: [] })).success).toBe(false)
  })

  it('tells the target who sent it, during the delivery only', async () => {
    // The target calls back: the answer of the messenger is what the delivery returns.
    const question = toFunctionSelector('crossDomainMessageContext()')
    const calls = [{ target: to, allowFailure: false, callData: question }]
    const message = encodeFunctionData({ abi: multicall3Abi, functionName: 'aggregate3', args: [calls] })
    const { relay } = await sent(MULTICALL3.address, message)
    if (relay === undefined) throw new Error('not sent')
    evm = chain(902n)
    const { success, returnValue } = await evm.call(relay)
    expect(success).toBe(true)
    const context = encodeAbiParameters([{ type: 'address' }, { type: 'uint256' }], [alice.address, 901n])
    expect(bytesToHex(returnValue)).toContain(context.slice(2))
    const outside = await evm.call({ to, data: question })
    expect(bytesToHex(outside.returnValue)).toBe(toFunctionSelector('NotEntered()'))
  })

  it('gives back why the target failed, and keeps the message for another try', async () => {
    const { relay, messageHash } = await sent(failing, toFunctionSelector('setL1BlockValuesJovian()'))
    if (relay === undefined) throw new Error('not sent')
    evm = chain(902n)
    const { success, returnValue } = await evm.call(relay)
    expect([success, bytesToHex(returnValue)]).toEqual([false, toFunctionSelector('NotDepositor()')])
    expect(await uint(to, 'successfulMessages(bytes32)', messageHash)).toBe(0n)
  })

  it('refuses what is not for it', async () => {
    expect(await sent(bob.address, '0x', 901n)).toEqual({ error: toFunctionSelector('MessageDestinationSameChain()') })
    expect(await sent(to, '0x')).toEqual({ error: toFunctionSelector('MessageTargetL2ToL2CrossDomainMessenger()') })
    const { relay } = await sent(bob.address, '0x', 903n)
    if (relay === undefined) throw new Error('not sent')
    evm = chain(902n)
    const { returnValue } = await evm.call(relay)
    expect(bytesToHex(returnValue)).toBe(toFunctionSelector('MessageDestinationNotRelayChain()'))
    const foreign = relay.data.replace(to.slice(2), bob.address.slice(2)) as Hex
    const other = await evm.call({ ...relay, data: foreign })
    expect(bytesToHex(other.returnValue)).toBe(toFunctionSelector('IdOriginNotL2ToL2CrossDomainMessenger()'))
  })

  it('emits a message again that was sent, and no other', async () => {
    const { payload } = await sent(bob.address, '0x12')
    const resend = (message: Hex) =>
      evm.call({
        to,
        data: encodeFunctionData({
          abi: INBOX_ABI,
          functionName: 'resendMessage',
          args: [902n, 0n, alice.address, bob.address, message],
        }),
      })
    const { logs } = await resend('0x12')
    expect(logs.map((log) => concat([...log.topics, bytesToHex(log.data)]))).toEqual([payload])
    expect(bytesToHex((await resend('0x13')).returnValue)).toBe(toFunctionSelector('InvalidMessage()'))
  })
})

describe('WETH', () => {
  const to = PREDEPLOYS.weth
  const holds = (address: Address): Promise<bigint> => uint(to, 'balanceOf(address)', toWord(BigInt(address)))
  const erc20 = (functionName: 'transfer' | 'approve' | 'transferFrom', args: readonly unknown[], from: Address) =>
    evm.call({
      from,
      to,
      data: encodeFunctionData({ abi: erc20Abi, functionName, args } as Parameters<typeof encodeFunctionData>[0]),
    })
  const withdraw = (amount: bigint) =>
    evm.call({ from: alice.address, to, data: concat([toFunctionSelector('withdraw(uint256)'), toWord(amount)]) })

  it('wraps ether, and moves it as a token', async () => {
    expect((await evm.call({ from: alice.address, to, value: 10n })).success).toBe(true)
    expect(await holds(alice.address)).toBe(10n)
    expect((await erc20('transfer', [bob.address, 4n], alice.address)).success).toBe(true)
    expect((await erc20('transfer', [bob.address, 7n], alice.address)).success).toBe(false)
    expect((await erc20('transferFrom', [alice.address, bob.address, 1n], bob.address)).success).toBe(false)
    expect((await erc20('approve', [bob.address, 2n], alice.address)).success).toBe(true)
    expect((await erc20('transferFrom', [alice.address, bob.address, 1n], bob.address)).success).toBe(true)
    expect((await erc20('transferFrom', [alice.address, bob.address, 2n], bob.address)).success).toBe(false)
    expect([await holds(alice.address), await holds(bob.address)]).toEqual([5n, 5n])
    expect((await withdraw(6n)).success).toBe(false)
    expect((await withdraw(5n)).success).toBe(true)
    expect(await balance(alice.address)).toBe(DEV_BALANCE - 5n)
    expect(await uint(to, 'totalSupply()')).toBe(5n)
  })
})

describe('Multicall3', () => {
  const to = MULTICALL3.address
  const decimals = { target: PREDEPLOYS.weth, callData: toFunctionSelector('decimals()') }
  const broken = { target: PREDEPLOYS.l1Block, callData: toFunctionSelector('setL1BlockValuesJovian()') }
  const reason = toFunctionSelector('NotDepositor()')

  it('gives the answers that viem reads, failures too', async () => {
    const calls = [decimals, broken].map((call) => ({ ...call, allowFailure: true }))
    const data = encodeFunctionData({ abi: multicall3Abi, functionName: 'aggregate3', args: [calls] })
    const { returnValue } = await evm.call({ to, data })
    expect(
      decodeFunctionResult({ abi: multicall3Abi, functionName: 'aggregate3', data: bytesToHex(returnValue) }),
    ).toEqual([
      { success: true, returnData: toWord(18n) },
      { success: false, returnData: reason },
    ])
  })

  const abi = parseAbi([
    'struct Call { address target; bytes callData; }',
    'struct Call3Value { address target; bool allowFailure; uint256 value; bytes callData; }',
    'struct Result { bool success; bytes returnData; }',
    'function aggregate(Call[] calls) payable returns (uint256 blockNumber, bytes[] returnData)',
    'function tryAggregate(bool requireSuccess, Call[] calls) payable returns (Result[] returnData)',
    'function blockAndAggregate(Call[] calls) payable returns (uint256, bytes32, Result[] returnData)',
    'function aggregate3Value(Call3Value[] calls) payable returns (Result[] returnData)',
  ])

  it('stops at a failure that is not allowed', async () => {
    for (const data of [
      encodeFunctionData({ abi, functionName: 'aggregate', args: [[decimals, broken]] }),
      encodeFunctionData({ abi, functionName: 'tryAggregate', args: [true, [broken]] }),
      encodeFunctionData({ abi, functionName: 'blockAndAggregate', args: [[broken]] }),
      encodeFunctionData({
        abi: multicall3Abi,
        functionName: 'aggregate3',
        args: [[{ ...broken, allowFailure: false }]],
      }),
    ]) {
      expect(await evm.call({ to, data })).toMatchObject({ success: false, reverted: true })
    }
    const tolerant = encodeFunctionData({ abi, functionName: 'tryAggregate', args: [false, [broken]] })
    expect((await evm.call({ to, data: tolerant })).success).toBe(true)
    const plain = encodeFunctionData({ abi, functionName: 'aggregate', args: [[decimals, decimals]] })
    const { returnValue } = await evm.call({ to, data: plain })
    const [number, results] = decodeFunctionResult({ abi, functionName: 'aggregate', data: bytesToHex(returnValue) })
    expect([number, results]).toEqual([100n, [toWord(18n), toWord(18n)]])
  })

  it('spends exactly what it is given', async () => {
    const calls = [1n, 2n].map((value) => ({
      target: PREDEPLOYS.weth,
      allowFailure: false,
      value,
      callData: '0x' as const,
    }))
    const data = encodeFunctionData({ abi, functionName: 'aggregate3Value', args: [calls] })
    expect((await evm.call({ from: alice.address, to, data, value: 4n })).success).toBe(false)
    expect((await evm.call({ from: alice.address, to, data, value: 3n })).success).toBe(true)
    expect(await balance(PREDEPLOYS.weth)).toBe(3n)
  })

  it.each([
    ['getBlockNumber()', 100n],
    ['getCurrentBlockTimestamp()', 5_000n],
    ['getCurrentBlockGasLimit()', 60_000_000n],
    ['getCurrentBlockCoinbase()', BigInt(`0x${'fe'.repeat(20)}`)],
    ['getCurrentBlockDifficulty()', BigInt(`0x${'ab'.repeat(32)}`)],
    ['getBasefee()', 7n],
    ['getChainId()', 901n],
  ])('says %s', async (signature, value) => {
    expect(await uint(to, signature)).toBe(value)
  })

  it('says what an account has, and the hash of the last block', async () => {
    expect(await uint(to, 'getEthBalance(address)', toWord(BigInt(alice.address)))).toBe(DEV_BALANCE)
    const last = await uint(to, 'getLastBlockHash()')
    expect(last).toBe(BigInt(keccak256('0x63')))
    expect(await uint(to, 'getBlockHash(uint256)', toWord(99n))).toBe(last)
  })
})

it('the deterministic deployer creates where CREATE2 says', async () => {
  const salt = toWord(5n)
  // PUSH1 0x2a, PUSH1 0, MSTORE8, RETURN(0, 1): code 0x2a
  const initCode = '0x602a60005360016000f3'
  const to = DETERMINISTIC_DEPLOYER.address
  const { returnValue } = await evm.call({ from: alice.address, to, data: concat([salt, initCode]) })
  const expected = keccak256(concat(['0xff', to, salt, keccak256(initCode)]))
  expect(bytesToHex(returnValue)).toBe(`0x${expected.slice(26)}`)
  const account = await evm.overlay.account(bytesToHex(returnValue))
  expect(account?.codeHash).toBe(keccak256('0x2a'))
})
