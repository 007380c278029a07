import {
  encodeFunctionData,
  getAddress,
  hashTypedData,
  parseTransaction,
  recoverAddress,
  recoverMessageAddress,
  recoverTransactionAddress,
  type TransactionSerializedEIP1559,
  walletActions,
} from 'viem'
import { recoverAuthorizationAddress } from 'viem/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileOne } from '../contracts/compile-contracts.ts'
import { type ActionCase, type Layer, SUPPLY, TOKEN_SOURCE, type ViemWorld, viemWorld } from '../support/viem-world.ts'

const TO = getAddress(`0x${'77'.repeat(20)}`)

/** Every wallet signs itself, or has the node sign. */
const both = ({ wallet, rpcWallet }: ViemWorld) => [wallet, rpcWallet] as const

/** The wallet actions, each with what shall come of it on a chain of the devnet. */
const CASES: Readonly<Record<string, ActionCase>> = {
  async deployContract(world) {
    const { bytecode } = compileOne('Token', TOKEN_SOURCE)
    for (const wallet of both(world)) {
      const hash = await wallet.deployContract({ abi: world.token.abi, bytecode, args: [9n], chain: null })
      const { contractAddress } = await world.reads.waitForTransactionReceipt({ hash })
      const call = { address: contractAddress as typeof TO, abi: world.token.abi, functionName: 'totalSupply' } as const
      expect(await world.reads.readContract(call)).toBe(9n)
    }
  },
  async fillTransaction({ wallet, reads, alice, chainId }) {
    const { transaction } = await wallet.fillTransaction({ to: TO, value: 1n, chain: null })
    const nonce = await reads.getTransactionCount(alice)
    expect(transaction).toMatchObject({ chainId, nonce, gas: 21_000n, to: TO.toLowerCase() })
  },
  async getAddresses({ rpcWallet, wallet, alice, bob }) {
    expect(await rpcWallet.getAddresses()).toEqual(expect.arrayContaining([alice.address, bob.address]))
    expect(await wallet.getAddresses()).toEqual([alice.address])
  },
  async getChainId({ wallet, chainId }) {
    expect(await wallet.getChainId()).toBe(chainId)
  },
  async prepareAuthorization({ wallet, reads, bob, chainId, token: { address } }) {
    const nonce = await reads.getTransactionCount(bob)
    expect(await wallet.prepareAuthorization({ account: bob, address })).toEqual({ address, chainId, nonce })
  },
  async prepareTransactionRequest(world) {
    for (const wallet of both(world)) {
      const request = await wallet.prepareTransactionRequest({ to: TO, value: 1n, chain: null })
      const nonce = await world.reads.getTransactionCount(world.alice)
      expect(request).toMatchObject({ gas: 21_000n, nonce, type: 'eip1559', maxPriorityFeePerGas: expect.any(BigInt) })
    }
  },
  async sendRawTransaction({ wallet, reads, alice, chainId }) {
    const nonce = await reads.getTransactionCount(alice)
    const fees = { gas: 21_000n, maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 1n }
    const serializedTransaction = await alice.signTransaction({ chainId, nonce, to: TO, value: 1n, ...fees })
    const hash = await wallet.sendRawTransaction({ serializedTransaction })
    expect((await reads.waitForTransactionReceipt({ hash })).status).toBe('success')
  },
  async sendRawTransactionSync({ wallet, reads, alice, chainId }) {
    const nonce = await reads.getTransactionCount(alice)
    const fees = { gas: 21_000n, gasPrice: 10n ** 11n }
    const serializedTransaction = await alice.signTransaction({ chainId, nonce, to: TO, ...fees, type: 'legacy' })
    expect(await wallet.sendRawTransactionSync({ serializedTransaction })).toMatchObject({
      type: 'legacy',
      to: TO.toLowerCase(),
    })
  },
  async sendTransaction(world) {
    const { reads, alice } = world
    for (const wallet of both(world)) {
      const kinds = [
        { type: 'eip1559' },
        // A node knows the type by the fields that only that type has.
        { type: 'legacy', gasPrice: 10n ** 10n },
        { type: 'eip2930', gasPrice: 10n ** 10n, accessList: [{ address: TO, storageKeys: [`0x${'01'.repeat(32)}`] }] },
      ] as const
      for (const kind of kinds) {
        const before = await reads.getBalance({ address: TO })
        const hash = await wallet.sendTransaction({ ...kind, to: TO, value: 3n, chain: null })
        const receipt = await reads.waitForTransactionReceipt({ hash })
        expect(receipt).toMatchObject({ status: 'success', type: kind.type, from: alice.address.toLowerCase() })
        expect(await reads.getBalance({ address: TO })).toBe(before + 3n)
      }
    }
  },
  async sendTransactionSync(world) {
    for (const wallet of both(world)) {
      const receipt = await wallet.sendTransactionSync({ to: TO, value: 1n, chain: null })
      expect(receipt).toMatchObject({ status: 'success', to: TO.toLowerCase(), gasUsed: 21_000n })
    }
  },
  async signAuthorization({ wallet, alice, token: { address } }) {
    const authorization = await wallet.signAuthorization({ address })
    expect(await recoverAuthorizationAddress({ authorization })).toBe(alice.address)
  },
  async signMessage(world) {
    for (const wallet of both(world)) {
      for (const message of ['agreed', { raw: '0xdead' }] as const) {
        const signature = await wallet.signMessage({ message })
        expect(signature).toBe(await world.alice.signMessage({ message }))
        expect(await recoverMessageAddress({ message, signature })).toBe(world.alice.address)
      }
    }
  },
  async signTransaction(world) {
    const { alice, chainId } = world
    for (const wallet of both(world)) {
      const fees = { gas: 21_000n, maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 1n }
      const request = { to: TO, value: 1n, nonce: 5, type: 'eip1559', ...fees, chain: null } as const
      const serialized = (await wallet.signTransaction(request)) as TransactionSerializedEIP1559
      expect(parseTransaction(serialized)).toMatchObject({ nonce: 5, value: 1n, chainId, to: TO.toLowerCase() })
      expect(await recoverTransactionAddress({ serializedTransaction: serialized })).toBe(alice.address)
    }
  },
  async signTypedData(world) {
    const data = {
      domain: { name: 'Token', chainId: world.chainId },
      types: { Mail: [{ name: 'text', type: 'string' }] },
      primaryType: 'Mail',
      message: { text: 'agreed' },
    } as const
    for (const wallet of both(world)) {
      const signature = await wallet.signTypedData(data)
      expect(await recoverAddress({ hash: hashTypedData(data), signature })).toBe(world.alice.address)
    }
  },
  async writeContract(world) {
    const { reads, token, bob } = world
    for (const wallet of both(world)) {
      const call = { ...token, functionName: 'approve', args: [bob.address, 4n], chain: null } as const
      const { status, logs } = await reads.waitForTransactionReceipt({ hash: await wallet.writeContract(call) })
      expect([status, logs.length]).toEqual(['success', 1])
      const tooMuch = { ...token, functionName: 'transfer', args: [bob.address, SUPPLY + 1n], chain: null } as const
      await expect(wallet.writeContract(tooMuch)).rejects.toMatchObject({ name: 'ContractFunctionExecutionError' })
    }
  },
  async writeContractSync(world) {
    for (const wallet of both(world)) {
      const call = { ...world.token, functionName: 'approve', args: [TO, 4n], chain: null } as const
      expect(await wallet.writeContractSync(call)).toMatchObject({ status: 'success', logs: [{ removed: false }] })
    }
  },
  async token({ wallet, reads, token: { address: token }, alice }) {
    expect(Object.keys(wallet.token).sort()).toEqual(['approve', 'approveSync', 'transfer', 'transferSync'])
    const hash = await wallet.token.approve({ token, spender: TO, amount: 8n, chain: null })
    expect((await reads.waitForTransactionReceipt({ hash })).status).toBe('success')
    expect(await reads.token.getAllowance({ token, account: alice.address, spender: TO })).toMatchObject({ amount: 8n })
    const { receipt } = await wallet.token.transferSync({ token, to: TO, amount: 2n, chain: null })
    expect(receipt.status).toBe('success')
    expect(await reads.token.getBalance({ token, account: TO })).toMatchObject({ amount: 2n })
    expect((await wallet.token.approveSync({ token, spender: TO, amount: 0n, chain: null })).receipt.status).toBe(
      'success',
    )
    expect(await wallet.token.transfer({ token, to: TO, amount: 2n, chain: null })).toMatch(/^0x/)
  },
}

/** Calls of `wallet_`, and `eth_requestAccounts`: they ask an app that has a user, and geth knows none of them either. */
const NOT_HERE = [
  'addChain',
  'getCallsStatus',
  'getCapabilities',
  'getPermissions',
  'requestAddresses',
  'requestPermissions',
  'sendCalls',
  'sendCallsSync',
  'showCallsStatus',
  'switchChain',
  'waitForCallsStatus',
  'watchAsset',
]

describe.each<Layer>(['l1', 'l2'])('a wallet action of viem on %s', (layer) => {
  let world: ViemWorld

  beforeAll(async () => {
    world = await viemWorld(layer)
  })

  afterAll(() => world.close())

  it('is one of those that are tried here', () => {
    const all = Object.keys(walletActions(world.wallet))
    expect([...Object.keys(CASES), ...NOT_HERE].sort()).toEqual(all.sort())
  })

  for (const [name, run] of Object.entries(CASES)) it(name, () => run(world))

  it('of an account without a key works while it is impersonated', async () => {
    const { rpcWallet, test, reads, token, bob } = world
    await test.setBalance({ address: TO, value: 10n ** 18n })
    const data = encodeFunctionData({ abi: token.abi, functionName: 'approve', args: [bob.address, 6n] })
    const call = { account: TO, to: token.address, data, chain: null } as const
    await expect(rpcWallet.sendTransaction(call)).rejects.toThrow(/unknown account/)
    await test.impersonateAccount({ address: TO })
    const receipt = await reads.waitForTransactionReceipt({ hash: await rpcWallet.sendTransaction(call) })
    expect(receipt).toMatchObject({ status: 'success', from: TO.toLowerCase() })
    await test.stopImpersonatingAccount({ address: TO })
    await expect(rpcWallet.sendTransaction(call)).rejects.toThrow(/unknown account/)
  })
})
