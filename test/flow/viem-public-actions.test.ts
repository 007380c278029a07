import {
  type BaseError,
  ContractFunctionRevertedError,
  decodeFunctionResult,
  encodeFunctionData,
  getAddress,
  hashMessage,
  keccak256,
  parseEther,
  publicActions,
  toHex,
  zeroHash,
} from 'viem'
import { createSiweMessage } from 'viem/siwe'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ActionCase, type Layer, SUPPLY, type ViemWorld, viemWorld } from '../support/viem-world.ts'

const MULTICALL3 = '0xcA11bde05977b3631167028862bE2a173976CA11'
const TO = getAddress(`0x${'77'.repeat(20)}`)
/** Has no code; one of the cases gives `bob` some. */
const NOBODY = `0x${'0b'.repeat(20)}` as const

/** The public actions, each with what shall come of it on a chain of the devnet. */
const CASES: Readonly<Record<string, ActionCase>> = {
  async call({ reads, token, bob }) {
    const data = encodeFunctionData({ abi: token.abi, functionName: 'balanceOf', args: [bob.address] })
    const answer = await reads.call({ to: token.address, data })
    const result = decodeFunctionResult({ abi: token.abi, functionName: 'balanceOf', data: answer.data ?? '0x' })
    expect(result).toBeGreaterThanOrEqual(5n)
  },
  async createAccessList({ reads, token, alice, bob }) {
    const data = encodeFunctionData({ abi: token.abi, functionName: 'transfer', args: [bob.address, 1n] })
    const { accessList, gasUsed } = await reads.createAccessList({ account: alice, to: token.address, data })
    expect(accessList).toEqual([{ address: token.address.toLowerCase(), storageKeys: expect.any(Array) }])
    expect(accessList[0]?.storageKeys).toHaveLength(2)
    expect(gasUsed).toBeGreaterThan(21_000n)
  },
  async createBlockFilter({ reads, test }) {
    const filter = await reads.createBlockFilter()
    await test.mine({ blocks: 2 })
    const hashes = await reads.getFilterChanges({ filter })
    expect(hashes).toHaveLength(2)
    expect(hashes[1]).toBe((await reads.getBlock()).hash)
  },
  async createContractEventFilter({ reads, token, transfer, bob }) {
    const filter = await reads.createContractEventFilter({ ...token, eventName: 'Transfer', args: { to: bob.address } })
    const { transactionHash } = await transfer()
    expect(await reads.getFilterChanges({ filter })).toMatchObject([{ transactionHash, args: { value: 5n } }])
  },
  async createEventFilter({ reads, token, transfer }) {
    const filter = await reads.createEventFilter({ address: token.address })
    const { transactionHash } = await transfer()
    expect(await reads.getFilterChanges({ filter })).toMatchObject([{ transactionHash }])
  },
  async createPendingTransactionFilter({ reads, transfer }) {
    const filter = await reads.createPendingTransactionFilter()
    const { transactionHash } = await transfer()
    expect(await reads.getFilterChanges({ filter })).toEqual([transactionHash])
  },
  async estimateContractGas({ reads, token, transferred, alice, bob }) {
    const call = { ...token, functionName: 'transfer', args: [bob.address, 5n], account: alice } as const
    const gas = await reads.estimateContractGas(call)
    // The first transfer made an account's slot, and cost more than those that follow.
    expect(gas).toBeGreaterThan(21_000n)
    expect(gas).toBeLessThan(transferred.gasUsed)
  },
  async estimateGas({ reads, alice }) {
    expect(await reads.estimateGas({ account: alice, to: TO, value: 1n })).toBe(21_000n)
  },
  async getBalance({ reads, bob }) {
    expect(await reads.getBalance({ address: bob.address, blockNumber: 0n })).toBe(parseEther('10000'))
  },
  async getBlobBaseFee({ reads }) {
    expect(await reads.getBlobBaseFee()).toBe(1n)
  },
  async getBlock({ reads, transferred }) {
    const { blockHash, blockNumber, transactionHash } = transferred
    const block = await reads.getBlock({ blockHash, includeTransactions: true })
    expect(block).toMatchObject({ hash: blockHash, number: blockNumber })
    expect(block.transactions.at(-1)).toMatchObject({ hash: transactionHash, blockHash, type: 'eip1559' })
    expect((await reads.getBlock({ blockNumber })).transactions.at(-1)).toBe(transactionHash)
    for (const blockTag of ['latest', 'safe', 'finalized', 'earliest', 'pending'] as const) {
      expect((await reads.getBlock({ blockTag })).gasLimit).toBeGreaterThan(0n)
    }
  },
  async getBlockNumber({ reads, transfer }) {
    expect(await reads.getBlockNumber()).toBe((await reads.getBlock()).number)
    expect((await transfer()).blockNumber).toBe(await reads.getBlockNumber())
  },
  async getBlockReceipts({ reads, transferred }) {
    const { blockNumber } = transferred
    expect((await reads.getBlockReceipts({ blockNumber })).at(-1)).toEqual(transferred)
  },
  async getBlockTransactionCount({ reads, layer, transferred: { blockHash } }) {
    expect(await reads.getBlockTransactionCount({ blockHash })).toBe(layer === 'l2' ? 2 : 1)
  },
  async getBytecode({ reads, token: { address } }) {
    expect(await reads.getBytecode({ address })).toBe(await reads.getCode({ address }))
  },
  async getChainId({ reads, chainId }) {
    expect(await reads.getChainId()).toBe(chainId)
  },
  async getCode({ reads, token: { address } }) {
    expect((await reads.getCode({ address }))?.length).toBeGreaterThan(1000)
    expect(await reads.getCode({ address: TO })).toBeUndefined()
  },
  async getContractEvents({ reads, token, transferred, alice }) {
    const query = { ...token, eventName: 'Transfer', fromBlock: 0n, toBlock: transferred.blockNumber } as const
    const events = await reads.getContractEvents({ ...query, args: { from: alice.address } })
    expect(events).toMatchObject([{ transactionHash: transferred.transactionHash, args: { value: 5n } }])
    expect(await reads.getContractEvents(query)).toHaveLength(2)
  },
  async getDelegation({ reads, wallet, bob, token }) {
    expect(await reads.getDelegation({ address: bob.address })).toBeUndefined()
    const authorization = await wallet.signAuthorization({ account: bob, address: token.address })
    const hash = await wallet.sendTransaction({ authorizationList: [authorization], to: TO, chain: null })
    expect(await reads.waitForTransactionReceipt({ hash })).toMatchObject({ status: 'success', type: 'eip7702' })
    expect(await reads.getDelegation({ address: bob.address })).toBe(token.address)
  },
  async getEip712Domain({ reads, token, chainId }) {
    const { domain } = await reads.getEip712Domain(token)
    expect(domain).toMatchObject({ name: 'Token', version: '1', chainId, verifyingContract: token.address })
  },
  async getFeeHistory({ reads }) {
    const history = await reads.getFeeHistory({ blockCount: 2, rewardPercentiles: [10, 90] })
    expect(history.baseFeePerGas).toHaveLength(3)
    expect(history.reward).toEqual([
      [expect.any(BigInt), expect.any(BigInt)],
      [expect.any(BigInt), expect.any(BigInt)],
    ])
    const { number, baseFeePerGas } = await reads.getBlock()
    expect(history).toMatchObject({ oldestBlock: number - 1n, gasUsedRatio: expect.any(Array) })
    expect(history.baseFeePerGas[1]).toBe(baseFeePerGas)
  },
  async estimateFeesPerGas({ reads }) {
    const { baseFeePerGas } = await reads.getBlock()
    const { maxFeePerGas, maxPriorityFeePerGas } = await reads.estimateFeesPerGas()
    expect(maxFeePerGas).toBe(((baseFeePerGas ?? 0n) * 12n) / 10n + maxPriorityFeePerGas)
    expect((await reads.estimateFeesPerGas({ type: 'legacy', chain: null })).gasPrice).toBeGreaterThan(
      baseFeePerGas ?? 0n,
    )
  },
  async getFilterChanges({ reads, test }) {
    const filter = await reads.createBlockFilter()
    expect(await reads.getFilterChanges({ filter })).toEqual([])
    await test.mine({ blocks: 1 })
    expect(await reads.getFilterChanges({ filter })).toHaveLength(1)
    expect(await reads.getFilterChanges({ filter })).toEqual([])
  },
  async getFilterLogs({ reads, token, transferred }) {
    const { blockNumber } = transferred
    const filter = await reads.createContractEventFilter({ ...token, fromBlock: 0n, toBlock: blockNumber })
    expect(await reads.getFilterLogs({ filter })).toMatchObject([
      { eventName: 'Transfer', args: { value: SUPPLY } },
      { eventName: 'Transfer', args: { value: 5n } },
    ])
  },
  async getGasPrice({ reads }) {
    expect(await reads.getGasPrice()).toBeGreaterThan((await reads.getBlock()).baseFeePerGas ?? 0n)
  },
  async getLogs({ reads, token: { address }, transferred }) {
    const { blockHash } = transferred
    expect(await reads.getLogs({ address, blockHash })).toEqual(transferred.logs)
    expect(await reads.getLogs({ address: TO, blockHash })).toEqual([])
  },
  async getProof({ reads, token: { address } }) {
    const proof = await reads.getProof({ address, storageKeys: [zeroHash] })
    expect(proof.storageProof).toMatchObject([{ value: SUPPLY }])
    expect(keccak256(proof.accountProof[0] ?? '0x')).toBe((await reads.getBlock()).stateRoot)
    expect(proof.codeHash).toBe(keccak256((await reads.getCode({ address })) ?? '0x'))
  },
  async estimateMaxPriorityFeePerGas({ reads }) {
    expect(await reads.estimateMaxPriorityFeePerGas()).toBeGreaterThan(0n)
  },
  async fillTransaction({ reads, alice, chainId }) {
    const { transaction, raw } = await reads.fillTransaction({ account: alice.address, to: TO, value: 1n, chain: null })
    expect(transaction).toMatchObject({ chainId, gas: 21_000n, value: 1n, type: 'eip1559' })
    expect(transaction.nonce).toBe(await reads.getTransactionCount(alice))
    expect(raw).toMatch(/^0x02/)
  },
  async getRawTransaction({ reads, transferred: { transactionHash: hash } }) {
    expect(keccak256((await reads.getRawTransaction({ hash })) as `0x${string}`)).toBe(hash)
  },
  async getStorageAt({ reads, token: { address } }) {
    expect(await reads.getStorageAt({ address, slot: '0x0' })).toBe(toHex(SUPPLY, { size: 32 }))
  },
  async getStorageValues({ reads, token: { address } }) {
    const slots = [zeroHash, toHex(9, { size: 32 })]
    const values = await reads.getStorageValues({ requests: { [address]: slots, [TO]: [zeroHash] } })
    expect(Object.values(values)).toEqual([[toHex(SUPPLY, { size: 32 }), zeroHash], [zeroHash]])
  },
  async getTransaction({ reads, transferred, alice }) {
    const { transactionHash: hash, blockHash, blockNumber, transactionIndex } = transferred
    const from = alice.address.toLowerCase()
    const transaction = await reads.getTransaction({ hash })
    expect(transaction).toMatchObject({ hash, blockHash, blockNumber, transactionIndex, from, nonce: 1 })
    expect(await reads.getTransaction({ blockHash, index: transactionIndex })).toEqual(transaction)
    expect(await reads.getTransaction({ blockNumber, index: transactionIndex })).toEqual(transaction)
    await expect(reads.getTransaction({ hash: zeroHash })).rejects.toMatchObject({ name: 'TransactionNotFoundError' })
  },
  async getTransactionConfirmations({ reads, transferred }) {
    const head = await reads.getBlockNumber()
    const confirmations = head - transferred.blockNumber + 1n
    expect(await reads.getTransactionConfirmations({ transactionReceipt: transferred })).toBe(confirmations)
    expect(await reads.getTransactionConfirmations({ hash: transferred.transactionHash })).toBe(confirmations)
  },
  async getTransactionCount({ reads, alice: { address }, transferred: { blockNumber }, transfer }) {
    expect(await reads.getTransactionCount({ address, blockNumber })).toBe(2)
    const before = await reads.getTransactionCount({ address, blockTag: 'pending' })
    await transfer()
    expect(await reads.getTransactionCount({ address })).toBe(before + 1)
  },
  async getTransactionReceipt({ reads, transferred }) {
    expect(await reads.getTransactionReceipt({ hash: transferred.transactionHash })).toEqual(transferred)
    expect(transferred).toMatchObject({ status: 'success', type: 'eip1559', logs: [{ removed: false }] })
  },
  async multicall({ reads, token, alice }) {
    const contracts = [
      { ...token, functionName: 'symbol' },
      { ...token, functionName: 'transfer', args: [TO, 1n] },
      { ...token, functionName: 'balanceOf', args: [alice.address] },
    ] as const
    for (const how of [{ multicallAddress: MULTICALL3 }, { deployless: true }] as const) {
      const [symbol, transfer, balance] = await reads.multicall({ contracts, ...how })
      expect(symbol).toEqual({ status: 'success', result: 'TKN' })
      expect(transfer).toMatchObject({ status: 'failure', error: { name: 'ContractFunctionExecutionError' } })
      expect(balance.result).toBeLessThan(SUPPLY)
    }
  },
  async prepareTransactionRequest({ reads, alice, chainId }) {
    const request = await reads.prepareTransactionRequest({ account: alice, to: TO, value: 1n, chain: null })
    expect(request).toMatchObject({ chainId, gas: 21_000n, type: 'eip1559', maxFeePerGas: expect.any(BigInt) })
    expect(request.nonce).toBe(await reads.getTransactionCount(alice))
  },
  async readContract({ reads, token, transferred: { blockNumber }, alice }) {
    const balance = { ...token, functionName: 'balanceOf', args: [alice.address] } as const
    expect(await reads.readContract({ ...balance, blockNumber })).toBe(SUPPLY - 5n)
    expect(await reads.readContract({ ...balance, blockNumber: blockNumber - 1n })).toBe(SUPPLY)
  },
  async sendRawTransaction({ reads, wallet, alice }) {
    const request = await wallet.prepareTransactionRequest({ to: TO, value: 1n, chain: null })
    const serializedTransaction = await alice.signTransaction(request as Parameters<typeof alice.signTransaction>[0])
    const hash = await reads.sendRawTransaction({ serializedTransaction })
    expect(hash).toBe(keccak256(serializedTransaction))
    expect((await reads.waitForTransactionReceipt({ hash })).status).toBe('success')
  },
  async sendRawTransactionSync({ reads, wallet, alice }) {
    const request = await wallet.prepareTransactionRequest({ to: TO, value: 1n, chain: null })
    const serializedTransaction = await alice.signTransaction(request as Parameters<typeof alice.signTransaction>[0])
    const receipt = await reads.sendRawTransactionSync({ serializedTransaction })
    expect(receipt).toMatchObject({ status: 'success', transactionHash: keccak256(serializedTransaction) })
  },
  async simulate({ reads, alice }) {
    const blocks = [{ calls: [{ account: alice.address, to: TO, value: 2n }] }]
    expect(await reads.simulate({ blocks })).toMatchObject([{ calls: [{ status: 'success', gasUsed: 21_000n }] }])
  },
  async simulateBlocks({ reads, token, alice, bob }) {
    const rich = { address: TO, balance: parseEther('3') }
    const transfer = { to: token.address, abi: token.abi, functionName: 'transfer', args: [bob.address, 1n] } as const
    const [first, second] = await reads.simulateBlocks({
      blocks: [
        { stateOverrides: [rich], calls: [{ account: TO, to: NOBODY, value: parseEther('2') }] },
        {
          calls: [
            { ...transfer, account: alice.address },
            { ...transfer, account: TO },
          ],
        },
      ],
    })
    expect(first).toMatchObject({ number: (await reads.getBlockNumber()) + 1n, calls: [{ status: 'success' }] })
    expect(second?.calls).toMatchObject([
      { status: 'success', result: true, logs: [{ address: token.address.toLowerCase() }] },
      { status: 'failure', error: { name: 'ContractFunctionExecutionError' } },
    ])
  },
  async simulateCalls({ reads, token, alice, bob }) {
    const { results, assetChanges } = await reads.simulateCalls({
      account: alice.address,
      calls: [
        { to: NOBODY, value: 7n },
        { to: token.address, abi: token.abi, functionName: 'transfer', args: [bob.address, 3n] },
      ],
      traceAssetChanges: true,
    })
    expect(results).toMatchObject([{ status: 'success' }, { status: 'success', result: true }])
    expect(assetChanges.map(({ token: asset, value }) => [asset.symbol, value.diff])).toEqual([
      ['ETH', expect.any(BigInt)],
      ['TKN', -3n],
    ])
  },
  async simulateContract({ reads, token, alice, bob }) {
    const transfer = { ...token, functionName: 'transfer' } as const
    const { result } = await reads.simulateContract({ ...transfer, args: [bob.address, 1n], account: alice })
    expect(result).toBe(true)
    const refused = reads.simulateContract({ ...transfer, args: [bob.address, 1n], account: TO })
    const error = (await refused.catch((thrown: unknown) => thrown)) as BaseError
    const revert = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
    expect(revert).toMatchObject({ data: { errorName: 'NotEnough', args: [0n, 1n] } })
  },
  async verifyHash({ reads, alice, bob }) {
    const hash = hashMessage('agreed')
    const signature = await alice.sign({ hash })
    expect(await reads.verifyHash({ address: alice.address, hash, signature })).toBe(true)
    expect(await reads.verifyHash({ address: bob.address, hash, signature })).toBe(false)
  },
  async verifyMessage({ reads, alice, bob, token }) {
    const signature = await alice.signMessage({ message: 'agreed' })
    expect(await reads.verifyMessage({ address: alice.address, message: 'agreed', signature })).toBe(true)
    // Who did not sign is asked, in case it is a contract.
    for (const address of [bob.address, token.address]) {
      expect(await reads.verifyMessage({ address, message: 'agreed', signature })).toBe(false)
    }
  },
  async verifySiweMessage({ reads, alice, bob, chainId }) {
    const fields = {
      chainId,
      domain: 'example.com',
      nonce: 'a1b2c3d4e5',
      uri: 'https://example.com',
      version: '1',
    } as const
    const message = createSiweMessage({ address: alice.address, ...fields })
    expect(await reads.verifySiweMessage({ message, signature: await alice.signMessage({ message }) })).toBe(true)
    expect(await reads.verifySiweMessage({ message, signature: await bob.signMessage({ message }) })).toBe(false)
  },
  async verifyTypedData({ reads, alice, bob, chainId }) {
    const data = {
      domain: { name: 'Token', chainId },
      types: { Mail: [{ name: 'text', type: 'string' }] },
      primaryType: 'Mail',
      message: { text: 'agreed' },
    } as const
    const signature = await alice.signTypedData(data)
    expect(await reads.verifyTypedData({ ...data, address: alice.address, signature })).toBe(true)
    expect(await reads.verifyTypedData({ ...data, address: bob.address, signature })).toBe(false)
  },
  async uninstallFilter({ reads }) {
    const filter = await reads.createBlockFilter()
    expect(await reads.uninstallFilter({ filter })).toBe(true)
    expect(await reads.uninstallFilter({ filter })).toBe(false)
    await expect(reads.getFilterChanges({ filter })).rejects.toThrow('filter not found')
  },
  async waitForTransactionReceipt({ reads, wallet, test }) {
    await test.setAutomine(false)
    try {
      const hash = await wallet.sendTransaction({ to: TO, value: 1n, chain: null })
      const waiting = reads.waitForTransactionReceipt({ hash, confirmations: 2 })
      await test.mine({ blocks: 1 })
      await test.mine({ blocks: 1 })
      expect(await waiting).toMatchObject({ transactionHash: hash, status: 'success' })
    } finally {
      await test.setAutomine(true)
    }
  },
  async token({ reads, token: { address: token }, alice, bob }) {
    expect(Object.keys(reads.token).sort()).toEqual(['getAllowance', 'getBalance', 'getMetadata', 'getTotalSupply'])
    expect(await reads.token.getMetadata({ token })).toMatchObject({ name: 'Token', symbol: 'TKN', decimals: 18 })
    expect(await reads.token.getTotalSupply({ token })).toMatchObject({ amount: SUPPLY })
    expect((await reads.token.getBalance({ token, account: bob.address })).amount).toBeGreaterThanOrEqual(5n)
    expect(await reads.token.getAllowance({ token, account: alice.address, spender: TO })).toMatchObject({ amount: 0n })
  },
}

/** What asks for contracts that no chain of the devnet has. */
const NOT_HERE = ['getEnsAddress', 'getEnsAvatar', 'getEnsName', 'getEnsResolver', 'getEnsText']

describe.each<Layer>(['l1', 'l2'])('a public action of viem on %s', (layer) => {
  let world: ViemWorld

  beforeAll(async () => {
    world = await viemWorld(layer)
  })

  afterAll(() => world.close())

  it('is one of those that are tried here', () => {
    // Those that watch have a page of their own.
    const all = Object.keys(publicActions(world.reads)).filter((name) => !name.startsWith('watch'))
    expect([...Object.keys(CASES), ...NOT_HERE].sort()).toEqual(all.sort())
  })

  for (const [name, run] of Object.entries(CASES)) it(name, () => run(world))
})
