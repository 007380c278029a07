import { expect, it } from 'vitest'
import { type Address, type Hash, type Hex, toQuantity, toWord } from '../../src/primitives/hex.ts'
import { devAccounts } from './support/dev-accounts.ts'
import { EngineDriver } from './support/engine-driver.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { type JsonRpc, JsonRpcError } from './support/json-rpc.ts'
import { type Sealed, startSequencedChain } from './support/op-sequencer.ts'
import type { RpcBlock } from './support/rpc-types.ts'
import { seededRandom, WRITER_CODE, writerInput } from './support/storage-world.ts'
import { waitFor } from './support/wait-for.ts'

const METHOD = 'eth_sendRawTransactionConditional'
const STORE: Address = `0x${'5e'.repeat(20)}`
const NOBODY: Address = `0x${'99'.repeat(20)}`
const SLOTS = [toWord(0n), toWord(1n), toWord(2n)]
const ROUNDS = 6
const SENDS = 40

type Random = (limit: number) => number

/** What the chain holds, as conditions may name it. */
interface Facts {
  readonly number: bigint
  readonly timestamp: bigint
  readonly roots: readonly Hash[]
  readonly values: readonly Hash[]
}

/** The result, or the error's code and words; of parameters and transactions that cannot be read the code alone. */
async function outcome(rpc: JsonRpc, params: readonly unknown[]): Promise<unknown> {
  try {
    return await rpc.call(METHOD, params)
  } catch (error) {
    if (!(error instanceof JsonRpcError)) throw error
    const unread = error.code === -32602 || /^(rlp|invalid transaction):/.test(error.text)
    return unread ? { code: error.code } : { code: error.code, message: error.text }
  }
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[random(values.length)] as T
}

/** A number in one of the forms that Go takes, or, rarely, in one that it does not. */
function written(random: Random, value: bigint): unknown {
  return pick(random, [
    toQuantity(value),
    toQuantity(value),
    value.toString(),
    Number(value),
    `0x000${value.toString(16)}`,
    ...(random(20) === 0 ? ['0xzz', -1, 1.5, '0x1ffffffffffffffff', '', null, true, `0X${value.toString(16)}`] : []),
  ])
}

function near(random: Random, value: bigint): bigint {
  const distance = BigInt(random(5) - 2)
  return value + distance < 0n ? 0n : value + distance
}

function knownAccounts(random: Random, facts: Facts): unknown {
  switch (random(9)) {
    case 0:
      return { [STORE]: pick(random, [...facts.roots, toWord(1n)]) }
    case 1:
      return { [NOBODY]: pick(random, [{}, { [toWord(7n)]: toWord(0n) }, { [toWord(7n)]: toWord(1n) }, null]) }
    case 2:
      return {
        [NOBODY]: pick(random, ['0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421', toWord(0n)]),
      }
    case 3:
      return { [STORE]: pick(random, ['0x12', 5, [], { '0x1': toWord(1n) }, { [toWord(1n)]: '0x1' }]) }
    case 4: {
      // At the limit, and past it.
      const slots = 997 + random(5)
      return {
        [STORE]: Object.fromEntries(Array.from({ length: slots }, (_, i) => [toWord(BigInt(1000 + i)), toWord(0n)])),
      }
    }
    case 5:
      return { [pick(random, ['0x12', STORE.slice(2), STORE.toUpperCase().replace('0X', '0x')])]: {} }
    default: {
      const at = random(SLOTS.length)
      // One that may fail: op-geth looks at them in no order.
      return {
        [STORE]: {
          [SLOTS[at] as Hash]: pick(random, [facts.values[at] as Hash, facts.values[at] as Hash, toWord(77n)]),
        },
      }
    }
  }
}

function conditional(random: Random, facts: Facts): unknown {
  if (random(40) === 0) return pick(random, [null, {}, [], 'x', 5, undefined])
  const fields: Record<string, unknown> = {}
  if (random(3) !== 0) fields.knownAccounts = knownAccounts(random, facts)
  if (random(4) === 0) fields.blockNumberMin = written(random, near(random, facts.number - 1n))
  if (random(4) === 0) fields.blockNumberMax = written(random, near(random, facts.number + 1n))
  if (random(4) === 0) fields.timestampMin = written(random, near(random, facts.timestamp - 1n))
  if (random(4) === 0) fields.timestampMax = written(random, near(random, facts.timestamp + 2n))
  if (random(30) === 0) fields.unheardOf = 1
  return fields
}

it('takes transactions with conditions as op-geth does, and builds with them as it does', {
  timeout: 120_000,
}, async () => {
  const seed = Number(process.env.OP_SEQUENCER_SEED ?? Date.now() % 2 ** 31)
  process.stderr.write(`conditional transactions: OP_SEQUENCER_SEED=${seed}\n`)
  const random = seededRandom(seed)
  await using chain = await startSequencedChain({
    forks: () => atGenesis('jovian'),
    alloc: {
      [STORE]: { balance: '0x0', nonce: '0x1', code: WRITER_CODE, storage: { [SLOTS[0] as Hash]: toWord(5n) } },
    },
    elFlags: ['--rollup.sequencertxconditionalenabled', '--rpc.txfeecap', '0', '--txpool.nolocals'],
  })
  const { el, chainId, sequencer } = chain
  const driver = new EngineDriver(el, chain.forks)
  const senders = devAccounts.slice(0, 6)

  const sign = async (from: number, nonce: number, data: Hex): Promise<Hex> =>
    (senders[from] as (typeof senders)[0]).account.signTransaction({
      chainId,
      nonce,
      gas: 100_000n,
      to: STORE,
      data,
      maxFeePerGas: 10n ** 11n,
      maxPriorityFeePerGas: BigInt(1 + random(1_000_000)),
    })
  const facts = async (head: RpcBlock): Promise<Facts> => {
    const proofs = await Promise.all(
      [head.hash, head.parentHash].map((hash) =>
        el.rpc.call<{ storageHash: Hash }>('eth_getProof', [STORE, [], { blockHash: hash }]).catch(() => undefined),
      ),
    )
    return {
      number: BigInt(head.number),
      timestamp: BigInt(head.timestamp),
      roots: proofs.flatMap((proof) => (proof === undefined ? [] : [proof.storageHash])),
      values: await Promise.all(SLOTS.map((slot) => el.rpc.call<Hash>('eth_getStorageAt', [STORE, slot, 'latest']))),
    }
  }
  const equalPools = async (): Promise<void> => {
    await waitFor('the pools are equal', async () => {
      const [a, b] = await Promise.all([el, sequencer].map(({ rpc }) => rpc.call<object>('txpool_status')))
      return JSON.stringify(a) === JSON.stringify(b) || undefined
    })
    expect(await sequencer.rpc.call('txpool_content')).toEqual(await el.rpc.call('txpool_content'))
  }

  const seen = new Map<string, number>()
  let included = 0
  for (let round = 0; round < ROUNDS; round++) {
    const head = await el.block('latest')
    const known = await facts(head)
    const nonces = await Promise.all(
      senders.map(async ({ address }) =>
        Number(await el.rpc.call<string>('eth_getTransactionCount', [address, 'pending'])),
      ),
    )
    for (let send = 0; send < SENDS; send++) {
      const from = random(senders.length)
      const nonce = nonces[from] as number
      const data = random(2) === 0 ? '0x' : writerInput([[pick(random, SLOTS), BigInt(random(4))]])
      const raw = random(25) === 0 ? '0x02c0' : await sign(from, nonce, data)
      const conditions = conditional(random, known)
      const params = conditions === undefined ? [raw] : [raw, conditions]
      const theirs = await outcome(el.rpc, params)
      const note = `seed ${seed}, round ${round}, send ${send}: ${JSON.stringify(conditions)?.slice(0, 300)}`
      expect(await outcome(sequencer.rpc, params), note).toEqual(theirs)
      if (typeof theirs === 'string') nonces[from] = nonce + 1
      const kind = typeof theirs === 'string' ? 'taken' : String((theirs as { code: number }).code)
      seen.set(kind, (seen.get(kind) ?? 0) + 1)
    }
    await equalPools()
    // op-geth's miner looks at the conditions, and so does ours; the block in which op-geth did is not used.
    const built = await driver.build(head.hash, driver.attributes(head, { overrides: { noTxPool: false } }), 500)
    const theirs = built.executionPayload.transactions.slice(1)
    const job = await sequencer.rpc.call<string>('test_open')
    while ((await sequencer.rpc.call('test_includeBest', [job])) !== null);
    const sealed = await sequencer.rpc.call<Sealed>('test_seal', [job])
    const raws = (sealed.payload.executionPayload as { transactions: Hex[] }).transactions.slice(1)
    expect(raws, `seed ${seed}, round ${round}`).toEqual(theirs)
    included += theirs.length
    await equalPools()
  }
  process.stderr.write(`outcomes: ${JSON.stringify(Object.fromEntries(seen))}, included ${included}\n`)
  // The stream is worth something only if it reaches the cases.
  expect([...seen.keys()].sort()).toEqual(['-32000', '-32003', '-32005', '-32602', 'taken'])
  expect(included).toBeLessThan(seen.get('taken') as number)
})
