import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { Hex } from '../../src/primitives/hex.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { JsonRpc } from '../peers/support/json-rpc.ts'

const PROGRAM = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const ROUNDS = Number(process.env.OP_SEQUENCER_CRASHES ?? 3)
const RECIPIENT: Hex = `0x${'77'.repeat(20)}`
const [alice] = devAccounts as [(typeof devAccounts)[0]]

/** A block that a client was told is sealed and committed. */
interface Told {
  readonly chain: 'l1' | 'op-901'
  readonly hash: Hex
  readonly number: Hex
}

interface Devnet {
  readonly child: ChildProcess
  readonly chains: Readonly<Record<Told['chain'], JsonRpc>>
}

async function start(datadir: string): Promise<Devnet> {
  const args = [PROGRAM, 'devnet', '--manual', '--json', '--port', '0', '--datadir', datadir]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`the devnet did not open: exit code ${code}`)
  })
  const line = once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')
  const [text] = await Promise.race([line, exited])
  exited.catch(() => {
    // Told of later, by the calls that fail.
  })
  const { url } = JSON.parse(text as string) as { url: string }
  return { child, chains: { l1: new JsonRpc(`${url}/l1`), 'op-901': new JsonRpc(`${url}/op-901`) } }
}

/** Seals block after block, by jobs, until the process is gone. Every third one of L2 is followed by one of L1. */
async function build({ chains }: Devnet, told: Told[], onFirst: () => void): Promise<void> {
  const l2 = chains['op-901']
  const seal = async (chain: Told['chain'], raw?: Hex): Promise<void> => {
    const job = await chains[chain].call<string>('test_open')
    if (raw !== undefined) await chains[chain].call('test_includeRaw', [job, raw])
    const { hash, number } = await chains[chain].call<Told>('test_seal', [job])
    told.push({ chain, hash, number })
    onFirst()
  }
  try {
    for (let nonce = Number(await l2.call<Hex>('eth_getTransactionCount', [alice.address, 'latest'])); ; nonce++) {
      const fees = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 1n }
      const raw = await alice.account.signTransaction({
        chainId: 901,
        nonce,
        to: RECIPIENT,
        value: 1n,
        gas: 21_000n,
        ...fees,
      })
      await seal('op-901', raw)
      if (nonce % 3 === 0) await seal('l1')
    }
  } catch (error) {
    // What the process answered before it was killed is no network error.
    if (!(error instanceof TypeError)) throw error
  }
}

it(
  'a devnet on disk has every block that a client was told of, whenever it is killed',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'devnet-crash-'))
    const told: Told[] = []
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const before = told.length
        const devnet = await start(folder)
        const first = Promise.withResolvers<void>()
        const building = build(devnet, told, first.resolve)
        // From in the middle of its first block to dozens of blocks later.
        if (round % 2 === 0) await first.promise
        await delay(Math.random() * 300)
        devnet.child.kill('SIGKILL')
        await once(devnet.child, 'exit')
        await building
        const again = await start(folder)
        for (const { chain, hash, number } of told.slice(before)) {
          const block = await again.chains[chain].call<{ hash: Hex }>('eth_getBlockByNumber', [number, false])
          expect(block.hash, `${chain} ${number}`).toBe(hash)
        }
        const l2 = again.chains['op-901']
        const [head, nonce, balance] = await Promise.all([
          l2.call<Hex>('eth_blockNumber'),
          l2.call<Hex>('eth_getTransactionCount', [alice.address, 'latest']),
          l2.call<Hex>('eth_getBalance', [RECIPIENT, 'latest']),
        ])
        // One transaction and one wei a block: the state is that of the head.
        expect([nonce, balance]).toEqual([head, head])
        again.child.kill('SIGKILL')
        await once(again.child, 'exit')
      }
      expect(told.length).toBeGreaterThan(0)
    } finally {
      await rm(folder, { recursive: true })
    }
  },
  ROUNDS * 30_000,
)
