import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createDevnet } from '../../src/client/devnet.ts'

interface Head {
  readonly hash: string
  readonly number: number
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + 60_000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > end) throw new Error(`not in time: ${what}`)
    await delay(50)
  }
}

it('the devnet batches its L2 chains, and derives from L1 what is safe', { timeout: 120_000 }, async () => {
  await using devnet = await createDevnet({ chains: [901, 902], blockTime: 1, l1BlockTime: 1 })
  for (const { url } of devnet.chains) {
    const call = async <T>(method: string, ...params: unknown[]): Promise<T> => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
      const headers = { 'content-type': 'application/json' }
      const { result, error } = (await (await fetch(url, { method: 'POST', headers, body })).json()) as {
        result: T
        error?: { message: string }
      }
      if (error !== undefined) throw new Error(error.message)
      return result
    }
    const safe = await until('a safe head', async () => {
      const found = await call<{ number: string; hash: string } | null>('eth_getBlockByNumber', 'safe', false).catch(
        () => null,
      )
      return found !== null && Number(found.number) > 3 ? found : undefined
    })
    // It is what was sequenced, and what L1 holds cannot be taken back alone.
    expect(await call<Head>('eth_getBlockByNumber', safe.number, false)).toMatchObject({ hash: safe.hash })
    await expect(call('debug_setHead', '0x1')).rejects.toThrow('is safe: L1 holds it')
    const trace = await call<{ effect: string; result: string }[]>('driver_trace', 1000)
    expect(trace.some(({ effect, result }) => effect === 'safety-progression' && result === 'applied')).toBe(true)
    // Nothing that was sequenced was replaced.
    expect(trace.filter(({ effect }) => effect === 'attributes-processing')).toEqual([])
    const output = await call<{ blockRef: Head }>('optimism_outputAtBlock', safe.number)
    expect(output.blockRef).toMatchObject({ hash: safe.hash, number: Number(safe.number) })
    // Derivation that begins anew comes to the same.
    expect(await call('admin_resetDerivationPipeline')).toBeNull()
    const later = await until('more that is safe', async () => {
      const { safe_l2: found } = await call<{ safe_l2: Head }>('optimism_syncStatus')
      return found.number > Number(safe.number) ? found : undefined
    })
    expect(await call<Head>('eth_getBlockByNumber', safe.number, false)).toMatchObject({ hash: safe.hash })
    const number = `0x${later.number.toString(16)}`
    expect(await call<Head>('eth_getBlockByNumber', number, false)).toMatchObject({ hash: later.hash })
  }
})
