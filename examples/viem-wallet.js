// An ordinary wallet with viem: the same on any chain that mines what it is sent.
//   RPC_URL=http://127.0.0.1:8645/l1 PRIVATE_KEY=0x… node examples/viem-wallet.js
import {
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  formatEther,
  http,
  parseAbi,
  parseEther,
  parseEventLogs,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { counterAbi, counterBytecode } from './counter.js'

const transport = http(process.env.RPC_URL)
const account = privateKeyToAccount(process.env.PRIVATE_KEY)
const client = createPublicClient({ transport, pollingInterval: 100 })
const wallet = createWalletClient({ account, transport })
const abi = parseAbi(counterAbi)
const chain = null

console.log(`chain ${await client.getChainId()}, block ${await client.getBlockNumber()}`)
console.log(`${account.address} has ${formatEther(await client.getBalance(account))} ether`)

// Deploy a contract.
const deployed = await wallet.deployContract({ abi, bytecode: counterBytecode, args: [5n], chain })
const { contractAddress: address, ...deployment } = await client.waitForTransactionReceipt({ hash: deployed })
console.log(
  `deployed at ${address}: ${deployment.status}, ${deployment.gasUsed} gas, in block ${deployment.blockNumber}`,
)
console.log(`code: ${(await client.getCode({ address })).length / 2 - 1} bytes`)

// Call it.
const counter = { address, abi }
console.log(`count: ${await client.readContract({ ...counter, functionName: 'count' })}`)
try {
  await client.simulateContract({ ...counter, functionName: 'raiseTo', args: [5n], account })
} catch (error) {
  const revert = error instanceof BaseError && error.walk((cause) => cause instanceof ContractFunctionRevertedError)
  if (!(revert instanceof ContractFunctionRevertedError)) throw error
  console.log(`raise to 5: ${revert.data.errorName}(${revert.data.args})`)
}

// Send a transaction, with whatever fees and gas the node thinks right.
const gas = await client.estimateContractGas({ ...counter, functionName: 'raiseTo', args: [9n], account })
const fees = await client.estimateFeesPerGas()
console.log(`estimate: ${gas} gas at ${fees.maxFeePerGas} wei, tip ${fees.maxPriorityFeePerGas}`)
const raised = await wallet.writeContract({ ...counter, functionName: 'raiseTo', args: [9n], value: 3n, chain })
const receipt = await client.waitForTransactionReceipt({ hash: raised })
console.log(`raised: ${receipt.status}, ${receipt.gasUsed} gas at ${receipt.effectiveGasPrice} wei`)
console.log(
  `count: ${await client.readContract({ ...counter, functionName: 'count' })}, with ${await client.getBalance({ address })} wei`,
)

// Logs, by receipt and by query.
const [event] = parseEventLogs({ abi, logs: receipt.logs })
console.log(`${event.eventName} by ${event.args.by} to ${event.args.count}`)
const found = await client.getContractEvents({
  ...counter,
  eventName: 'Raised',
  fromBlock: 0n,
  args: { by: account.address },
})
console.log(`found ${found.length}, the same: ${found[0].transactionHash === raised}`)

// A payment.
const to = '0x7777777777777777777777777777777777777777'
const paid = await wallet.sendTransaction({ to, value: parseEther('1'), chain })
const payment = await client.waitForTransactionReceipt({ hash: paid })
console.log(
  `paid: ${payment.status}, ${payment.gasUsed} gas, ${formatEther(await client.getBalance({ address: to }))} ether arrived`,
)
console.log(`nonce: ${await client.getTransactionCount(account)}`)

// What blocks cost.
const history = await client.getFeeHistory({ blockCount: 3, rewardPercentiles: [50] })
console.log(`base fees: ${history.baseFeePerGas.join(', ')}; tips: ${history.reward.join(', ')}`)
console.log(`left: ${formatEther(await client.getBalance(account))} ether`)
