// An ordinary wallet with ethers: the same on any chain that mines what it is sent.
//   RPC_URL=http://127.0.0.1:8645/l1 PRIVATE_KEY=0x… node examples/ethers-wallet.js
import { ContractFactory, formatEther, isError, JsonRpcProvider, parseEther, Wallet } from 'ethers'
import { counterAbi, counterBytecode } from './counter.js'

const provider = new JsonRpcProvider(process.env.RPC_URL, undefined, { pollingInterval: 100, cacheTimeout: -1 })
const wallet = new Wallet(process.env.PRIVATE_KEY, provider)

const { chainId } = await provider.getNetwork()
console.log(`chain ${chainId}, block ${await provider.getBlockNumber()}`)
console.log(`${wallet.address} has ${formatEther(await provider.getBalance(wallet))} ether`)

// Deploy a contract.
const factory = new ContractFactory(counterAbi, counterBytecode, wallet)
const counter = await factory.deploy(5n)
const deployment = await counter.deploymentTransaction().wait()
const address = await counter.getAddress()
console.log(
  `deployed at ${address}: ${deployment.status}, ${deployment.gasUsed} gas, in block ${deployment.blockNumber}`,
)
console.log(`code: ${(await provider.getCode(address)).length / 2 - 1} bytes`)

// Call it.
console.log(`count: ${await counter.count()}`)
try {
  await counter.raiseTo.staticCall(5n)
} catch (error) {
  if (!isError(error, 'CALL_EXCEPTION')) throw error
  console.log(`raise to 5: ${error.revert.name}(${error.revert.args})`)
}

// Send a transaction, with whatever fees and gas the node thinks right.
const gas = await counter.raiseTo.estimateGas(9n)
const fees = await provider.getFeeData()
console.log(
  `estimate: ${gas} gas at ${fees.maxFeePerGas} wei, tip ${fees.maxPriorityFeePerGas}, legacy ${fees.gasPrice}`,
)
const raised = await counter.raiseTo(9n, { value: 3n })
const receipt = await raised.wait()
console.log(`raised: ${receipt.status}, ${receipt.gasUsed} gas at ${receipt.gasPrice} wei`)
console.log(`count: ${await counter.count()}, with ${await provider.getBalance(address)} wei`)

// Logs, by receipt and by query.
const [event] = receipt.logs
console.log(`${event.eventName} by ${event.args.by} to ${event.args.count}`)
const found = await counter.queryFilter(counter.filters.Raised(wallet.address))
console.log(`found ${found.length}, the same: ${found[0].transactionHash === raised.hash}`)

// A payment.
const to = '0x7777777777777777777777777777777777777777'
const payment = await (await wallet.sendTransaction({ to, value: parseEther('1') })).wait()
console.log(
  `paid: ${payment.status}, ${payment.gasUsed} gas, ${formatEther(await provider.getBalance(to))} ether arrived`,
)
console.log(`nonce: ${await wallet.getNonce()}`)

// What blocks cost.
const history = await provider.send('eth_feeHistory', ['0x3', 'latest', [50]])
console.log(
  `base fees: ${history.baseFeePerGas.map(BigInt).join(', ')}; tips: ${history.reward.flat().map(BigInt).join(', ')}`,
)
console.log(`left: ${formatEther(await provider.getBalance(wallet))} ether`)

provider.destroy()
