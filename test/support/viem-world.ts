import { readFileSync } from 'node:fs'
import {
  type Address,
  createPublicClient,
  createTestClient,
  createWalletClient,
  encodeDeployData,
  getAddress,
  type Hex,
  http,
  parseAbi,
  parseEther,
  type TransactionReceipt,
  webSocket,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { createDevnet, type Devnet } from '../../src/client/devnet.ts'
import { compileOne } from '../contracts/compile-contracts.ts'

/** Of the token that is deployed. */
export const TOKEN_SOURCE: string = readFileSync(new URL('./Token.sol', import.meta.url), 'utf8')

/** What the actions are tried on: a token with names, events, errors and a signing domain. */
export const TOKEN_ABI = parseAbi([
  'constructor(uint256 supply)',
  'function name() view returns (string)',
  'function symbol() view returns (string)',
  'function decimals() view returns (uint8)',
  'function totalSupply() view returns (uint256)',
  'function balanceOf(address) view returns (uint256)',
  'function allowance(address, address) view returns (uint256)',
  'function transfer(address to, uint256 value) returns (bool)',
  'function approve(address spender, uint256 value) returns (bool)',
  'function eip712Domain() view returns (bytes1, string, string, uint256, address, bytes32, uint256[])',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'event Approval(address indexed owner, address indexed spender, uint256 value)',
  'error NotEnough(uint256 has, uint256 needs)',
])

/** All the token there is. */
export const SUPPLY: bigint = parseEther('1000')

/** Which chain of the devnet. */
export type Layer = 'l1' | 'l2'

const POLLING = { pollingInterval: 10, cacheTime: 0 }

function clientsOf(url: string, ws: string, account: ReturnType<typeof privateKeyToAccount>) {
  return {
    reads: createPublicClient({ transport: http(url), ...POLLING }),
    socket: createPublicClient({ transport: webSocket(ws), ...POLLING }),
    /** Signs itself. */
    wallet: createWalletClient({ transport: http(url), account, ...POLLING }),
    /** Has the node sign. */
    rpcWallet: createWalletClient({ transport: http(url), account: account.address, ...POLLING }),
    test: createTestClient({ transport: http(url), mode: 'anvil', ...POLLING }),
  }
}

/** Clients of one chain that gives each transaction a block, a token on it, and one transfer of it. */
export interface ViemWorld extends ReturnType<typeof clientsOf> {
  readonly layer: Layer
  readonly chainId: number
  readonly alice: ReturnType<typeof privateKeyToAccount>
  readonly bob: ReturnType<typeof privateKeyToAccount>
  readonly token: { readonly address: Address; readonly abi: typeof TOKEN_ABI }
  /** Of five to bob. */
  readonly transferred: TransactionReceipt
  /** Sends five more. */
  transfer(): Promise<TransactionReceipt>
  close(): Promise<void>
}

function accountOf(devnet: Devnet, index: number) {
  return privateKeyToAccount(devnet.accounts[index]?.privateKey as Hex)
}

/** Starts a devnet, and deploys the token on one of its chains. */
export async function viemWorld(layer: Layer): Promise<ViemWorld> {
  const devnet = await createDevnet({ automine: true })
  const { url, ws, chainId } = layer === 'l1' ? devnet.l1 : devnet.chains[0]
  const [alice, bob] = [accountOf(devnet, 1), accountOf(devnet, 2)]
  const clients = clientsOf(url, ws, alice)
  const { wallet, reads, socket } = clients
  const { bytecode } = compileOne('Token', TOKEN_SOURCE)
  const data = encodeDeployData({ abi: TOKEN_ABI, bytecode, args: [SUPPLY] })
  const deployed = await reads.waitForTransactionReceipt({ hash: await wallet.sendTransaction({ data, chain: null }) })
  const token = { address: getAddress(deployed.contractAddress as Address), abi: TOKEN_ABI }
  const transfer = async (): Promise<TransactionReceipt> => {
    const call = { ...token, functionName: 'transfer', args: [bob.address, 5n], chain: null } as const
    return reads.waitForTransactionReceipt({ hash: await wallet.writeContract(call) })
  }
  return {
    ...clients,
    layer,
    chainId,
    alice,
    bob,
    token,
    transferred: await transfer(),
    transfer,
    async close() {
      ;(await socket.transport.getRpcClient()).close()
      await devnet.close()
    },
  }
}

/** One of viem's actions: what shall come of it. */
export type ActionCase = (world: ViemWorld) => Promise<void>
