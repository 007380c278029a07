import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { startEmbeddedEl } from './support/embedded-el.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { GethProcess } from './support/geth-process.ts'
import { JsonRpc } from './support/json-rpc.ts'
import type { Genesis } from './support/l1-genesis.ts'
import { startLoadedChain } from './support/loaded-chain.ts'
import { startOpBatcher } from './support/op-batcher.ts'
import { startOpGeth } from './support/op-geth.ts'
import { startOpNode } from './support/op-node.ts'
import { type ElParts, startSingleStack } from './support/single-stack.ts'
import { waitFor } from './support/wait-for.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

function replay(args: readonly string[]): Promise<{ readonly code: number | null; readonly stdout: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, 'replay', ...args], { maxBuffer: 1 << 26 }, (_error, stdout) =>
      resolve({ code: child.exitCode, stdout }),
    )
  })
}

async function hashes(el: GethProcess, head: number): Promise<readonly string[]> {
  const list: string[] = []
  for (let number = 0; number <= head; number++) list.push((await el.block(number)).hash)
  return list
}

it('op-node sequences on the embedded layer over a WebSocket', async () => {
  const startEl = async ({ l1, ...parts }: ElParts): Promise<GethProcess> => {
    const el = await startEmbeddedEl({ ...parts, l1: { url: l1.el.url, genesis: await l1.el.block(0) } })
    const { process, folder, rpc, genesisFile, genesisHash } = el
    const engine = new JsonRpc(el.engineUrl.replace('http', 'ws'), folder.jwt.secret)
    return new GethProcess({ process, folder, rpc, engine, genesisFile, genesisHash })
  }
  await using stack = await startSingleStack({ forks: () => atGenesis(), startEl })
  const check = (): void => stack.node.process.assertRunning()
  await waitFor('some blocks', async () => (await stack.el.blockNumber()) >= 5, { check })
})

it('op-node sequences on the embedded layer from Bedrock to Jovian; replay and op-geth make the same blocks', async () => {
  let genesis: Genesis | undefined
  const startEl = async ({ l1, ...parts }: ElParts): Promise<GethProcess> => {
    genesis = parts.genesis
    return startEmbeddedEl({ ...parts, l1: { url: l1.el.url, genesis: await l1.el.block(0) } })
  }
  await using stack = await startLoadedChain({ step: 10, tail: 12, transactions: 12, startEl })
  const { folder, l1, el, node, rollupFile } = stack
  const head = await el.blockNumber()
  expect(head).toBeGreaterThanOrEqual(100)

  const { code, stdout } = await replay(['--el', el.url, '--rollup', rollupFile, '--block', `1..${head}`])
  expect(stdout).toMatch(new RegExp(`^${head} blocks, \\d+ transactions, \\d+ gas: no difference`))
  expect(code).toBe(0)

  await using other = await startOpGeth({ folder, genesis: genesis as Genesis, name: 'other-el' })
  await using follower = await startOpNode({ folder, name: 'follower', l1, el: other, rollupFile })
  await using batcher = await startOpBatcher({ folder, l1, el, node })
  const check = (): void => {
    for (const { process } of [el, node, other, follower, batcher]) process.assertRunning()
  }
  const isDerived = async (): Promise<boolean> => {
    await batcher.flush()
    return (await follower.syncStatus()).safe_l2.number >= head
  }
  await waitFor('op-geth derives the chain', isDerived, { check, interval: 1_000, timeout: 120_000 })
  expect(await hashes(other, head)).toEqual(await hashes(el, head))
  // The sequencer's own node finds its blocks in the batches, and labels them on the embedded layer.
  await waitFor('the embedded chain is safe', async () => Number((await el.block('safe')).number) >= head, { check })
  await waitFor('and final', async () => Number((await el.block('finalized')).number) > 0, { check })
})
