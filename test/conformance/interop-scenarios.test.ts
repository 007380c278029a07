import { concat, keccak256 } from 'viem'
import { afterAll, describe, expect, it } from 'vitest'
import type { DevnetOptions } from '../../src/client/devnet.ts'
import { type Hex, toQuantity, toWord } from '../../src/primitives/hex.ts'
import { devAccounts } from '../peers/support/dev-accounts.ts'
import { messageEntries } from '../peers/support/interop-message.ts'
import { seededRandom } from '../peers/support/storage-world.ts'
import { indexed, reaches, replaced, statusOf, supervisorStatus, traversed } from '../support/interop-heads.ts'
import { eventually, InteropWorld, type MadeBlock, type ScriptedChain } from '../support/interop-world.ts'
import type { EmittedLog } from '../support/message-script.ts'

/** A row of the list of what supervisors have to do, and how it is shown here. */
interface Scenario {
  readonly row: string
  readonly what: string
  readonly options?: DevnetOptions
  run(world: InteropWorld, a: ScriptedChain, b: ScriptedChain): Promise<void>
}

const log = (tag: number, bytes = 3): EmittedLog => ({
  topics: [toWord(BigInt(tag))],
  data: `0x${'ab'.repeat(bytes)}` as Hex,
})

/** Batches everything that is not safe, on the chains given, and has L1 hold it. */
async function batchAll(world: InteropWorld, chains: readonly ScriptedChain[] = world.chains) {
  for (const chain of chains) {
    const { unsafe_l2: unsafe, local_safe_l2: safe } = await statusOf(chain)
    if (unsafe.number > safe.number) await chain.batch(BigInt(safe.number) + 1n, BigInt(unsafe.number))
  }
  return world.mineL1()
}

/** Makes L1 blocks with nothing in them. */
async function mineL1(world: InteropWorld, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await world.mineL1({ empty: true })
}

async function crossSafe(world: InteropWorld, chain: ScriptedChain, block: MadeBlock): Promise<void> {
  await batchAll(world)
  await reaches(chain, 'safe_l2', block)
}

/** A block with an executing message that does not hold becomes one of deposits, and both chains go on. */
async function isReplaced(world: InteropWorld, chain: ScriptedChain, invalid: MadeBlock): Promise<void> {
  const status = await indexed(world)
  expect(status.chains[String(chain.chainId)]?.crossUnsafe.number).toBeLessThan(Number(invalid.number))
  await batchAll(world)
  const instead = await replaced(chain, invalid)
  await reaches(chain, 'safe_l2', instead)
  await goesOn(world)
}

/** New blocks of every chain become safe. */
async function goesOn(world: InteropWorld): Promise<void> {
  const made: [ScriptedChain, MadeBlock][] = []
  for (const chain of world.chains) made.push([chain, await chain.block([[log(99)]])])
  await batchAll(world)
  for (const [chain, block] of made) await reaches(chain, 'safe_l2', block)
}

type Message = MadeBlock['messages'][number]

/** Of random graphs. */
const SEED = Number(process.env.OP_SEQUENCER_SEED ?? 1)

function pick<T>(from: readonly T[], random: (below: number) => number): T {
  return from[random(from.length)] as T
}

function shuffled<T>(from: readonly T[], random: (below: number) => number): readonly T[] {
  return from
    .map((each) => [random(1_000_000), each] as const)
    .sort(([x], [y]) => x - y)
    .map(([, each]) => each)
}

/** Blocks in rounds, on one chain after another, whose transactions emit logs and execute those before them. */
async function randomGraph(world: InteropWorld, random: (below: number) => number, rounds: number) {
  const sent: Message[] = []
  const blocks: { readonly chain: ScriptedChain; readonly block: MadeBlock }[] = []
  for (let round = 0; round < rounds; round++) {
    for (const chain of shuffled(world.chains, random)) {
      const scripts = Array.from({ length: random(3) + 1 }, () =>
        Array.from({ length: random(3) + 1 }, () =>
          sent.length > 0 && random(2) === 0 ? { execute: pick(sent, random) } : log(random(100)),
        ),
      )
      const block = await chain.block(scripts)
      blocks.push({ chain, block })
      sent.push(...block.messages)
    }
    if (random(3) === 0) await batchAll(world)
  }
  return { sent, blocks }
}

/** What the supervisor says of messages that a block of the second chain would execute. */
function checkMessages(world: InteropWorld, messages: readonly Message[]): Promise<null> {
  const entries = messages.flatMap((message) => messageEntries(message))
  const timestamp = messages.reduce((latest, message) => (message.timestamp > latest ? message.timestamp : latest), 0n)
  const executing = { chainID: '902', timestamp: toQuantity(timestamp + 2n), timeout: '0x0' }
  return world.service<null>('supervisor_checkAccessList', entries, 'unsafe', executing)
}

/** The output root of a block, out of its header. */
async function outputRootOf(chain: ScriptedChain, hash: Hex): Promise<Hex> {
  const { stateRoot, withdrawalsRoot } = await chain.call<{ stateRoot: Hex; withdrawalsRoot: Hex }>(
    'eth_getBlockByHash',
    hash,
    false,
  )
  return keccak256(concat([toWord(0n), stateRoot, withdrawalsRoot, hash]))
}

const FINALIZED_DISTANCE = 20

const SCENARIOS: readonly Scenario[] = [
  {
    row: 'A FullInterop',
    what: 'each head advances in its turn',
    async run(world, a, b) {
      const sent = await a.block([[log(1)]])
      const executed = await b.block([[{ execute: sent.messages[0] as never }]])
      await reaches(b, 'cross_unsafe_l2', executed)
      expect((await statusOf(b)).local_safe_l2.number).toBe(0)
      await batchAll(world)
      await reaches(b, 'local_safe_l2', executed)
      await reaches(b, 'safe_l2', executed)
      await reaches(a, 'safe_l2', sent)
      expect((await statusOf(b)).finalized_l2.number).toBe(0)
      await mineL1(world, FINALIZED_DISTANCE)
      await reaches(b, 'finalized_l2', executed)
      await reaches(a, 'finalized_l2', sent)
      const { chains, finalizedTimestamp } = await supervisorStatus(world)
      expect(chains['902']?.finalized.hash).toBe(executed.hash)
      expect(finalizedTimestamp).toBe(Number(executed.timestamp))
    },
  },
  ...[0, 10].map(
    (extra): Scenario => ({
      row: 'A Finality',
      what: `what is final follows L1, ${extra} blocks later`,
      async run(world, a, b) {
        const blocks = [await a.block([[log(1)]]), await b.block()] as const
        const l1 = await batchAll(world)
        await traversed(world, l1)
        await mineL1(world, extra)
        expect((await statusOf(a)).finalized_l2.number).toBe(0)
        await mineL1(world, FINALIZED_DISTANCE - extra)
        await reaches(a, 'finalized_l2', blocks[0])
        await reaches(b, 'finalized_l2', blocks[1])
      },
    }),
  ),
  {
    row: 'A LocalSafeInvalidation',
    what: 'a message that was never emitted: the block is replaced',
    async run(world, a, b) {
      const place = await a.next()
      await a.block()
      const invalid = await b.block([[{ execute: a.message(place, 0, log(7)) }]])
      const after = await b.block([[log(2)]])
      await isReplaced(world, b, invalid)
      expect((await b.canonical(after.number))?.hash).not.toBe(after.hash)
    },
  },
  {
    row: 'A CrossSafeDependencyDelay',
    what: 'the L1 block with which a block is cross-safe is that of the late batch that it depends on',
    async run(world, a, b) {
      const sent = await a.block([[log(1)]])
      const executed = await b.block([[{ execute: sent.messages[0] as never }]])
      const early = await batchAll(world, [b])
      await traversed(world, early)
      await reaches(b, 'local_safe_l2', executed)
      expect((await statusOf(b)).safe_l2.number).toBeLessThan(Number(executed.number))
      const late = await batchAll(world, [a])
      await reaches(b, 'safe_l2', executed)
      const source = await world.service<{ hash: string }>('supervisor_crossDerivedToSource', '902', {
        hash: executed.hash,
        number: Number(executed.number),
      })
      expect(source.hash).toBe(late.hash)
    },
  },
  {
    row: 'A OutOfRangeLogIndex',
    what: 'a log that a block has not: it stays local, and no other chain is affected',
    async run(world, a, b) {
      const sent = await a.block([[log(1)]])
      const message = { ...(sent.messages[0] as NonNullable<(typeof sent.messages)[0]>), logIndex: 9n }
      const invalid = await b.block([[{ execute: message }]])
      await reaches(a, 'cross_unsafe_l2', sent)
      await isReplaced(world, b, invalid)
      expect((await a.canonical(sent.number))?.hash).toBe(sent.hash)
    },
  },
  ...(['a block that depends on it in the same second', 'a message of it within its own block'] as const).map(
    (what, variant): Scenario => ({
      row: 'A IntraBlockReferenceReplacement',
      what: `an invalid block, and ${what}: both are replaced`,
      async run(world, a, b) {
        const [at, bt] = [await a.next(), await b.next()]
        expect(at.timestamp).toBe(bt.timestamp)
        const missing = { execute: b.message(bt, 7, log(5)) }
        const own = variant === 1 ? [{ execute: a.message(at, 1, log(1)) }] : []
        const invalidA = await a.block([[missing, log(1), ...own]])
        const invalidB = await b.block([[{ execute: a.message(at, 1, log(1)) }]])
        await indexed(world)
        await batchAll(world)
        await replaced(a, invalidA)
        await replaced(b, invalidB)
        await goesOn(world)
      },
    }),
  ),
  {
    row: 'A InitAndExecMsgSameTimestamp',
    what: 'a message of the same second is valid',
    async run(world, a, b) {
      const sent = await a.block([[log(1)]])
      const executed = await b.block([[{ execute: sent.messages[0] as never }]])
      expect(executed.timestamp).toBe(sent.timestamp)
      await reaches(b, 'cross_unsafe_l2', executed)
      await crossSafe(world, b, executed)
    },
  },
  {
    row: 'A BreakTimestampInvariant',
    what: 'a message of a later second is not: the block is replaced',
    async run(world, a, b) {
      await a.block()
      const sent = await a.block([[log(1)]])
      const invalid = await b.block([[{ execute: sent.messages[0] as never }]])
      expect(invalid.timestamp).toBeLessThan(sent.timestamp)
      await isReplaced(world, b, invalid)
    },
  },
  {
    row: 'A ExecMsgDifferTxIndex',
    what: 'messages of the first, a middle and the last transaction',
    async run(world, a, b) {
      const sent = await a.block([1, 2, 3, 4, 5].map((tag) => [log(tag)]))
      const executed = await b.block([0, 2, 4].map((index) => [{ execute: sent.messages[index] as never }]))
      await reaches(b, 'cross_unsafe_l2', executed)
      await crossSafe(world, b, executed)
    },
  },
  {
    row: 'A ExpiredMessage',
    what: 'one second past its window a message is not executed any more, at its end it is',
    options: { messageExpiry: 4 },
    async run(world, a, b) {
      const sent = await a.block([[log(1)]])
      const message = sent.messages[0] as never
      await b.block()
      await b.block()
      const last = await b.block([[{ execute: message }]])
      expect(last.timestamp - sent.timestamp).toBe(4n)
      await reaches(b, 'cross_unsafe_l2', last)
      const expired = await b.block([[{ execute: message }]])
      await isReplaced(world, b, expired)
      expect((await b.canonical(last.number))?.hash).toBe(last.hash)
    },
  },
  ...(['several transactions', 'one transaction'] as const).map(
    (how, variant): Scenario => ({
      row: 'A CrossPatternSameTimestamp',
      what: `two chains execute each other's messages of the same second in ${how}`,
      async run(world, a, b) {
        const [at, bt] = [await a.next(), await b.next()]
        const steps = (other: ScriptedChain, place: typeof at, own: number, theirs: number) => {
          const both = [[log(own)], [{ execute: other.message(place, 0, log(theirs)) }]]
          return variant === 0 ? both : [both.flat()]
        }
        const blockA = await a.block(steps(b, bt, 1, 2))
        const blockB = await b.block(steps(a, at, 2, 1))
        await reaches(a, 'cross_unsafe_l2', blockA)
        await reaches(b, 'cross_unsafe_l2', blockB)
        await batchAll(world)
        await reaches(a, 'safe_l2', blockA)
        await reaches(b, 'safe_l2', blockB)
      },
    }),
  ),
  ...(['transaction', 'block'] as const).map(
    (where): Scenario => ({
      row: 'A CycleInTx, CycleInBlock',
      what: `a message that is executed before it is emitted, in one ${where}`,
      async run(world, a) {
        const place = await a.next()
        const steps = [{ execute: a.message(place, 1, log(1)) }, log(1)]
        const invalid = await a.block(where === 'block' ? steps.map((step) => [step]) : [steps])
        await isReplaced(world, a, invalid)
      },
    }),
  ),
  ...(['several transactions', 'one transaction'] as const).map(
    (how, variant): Scenario => ({
      row: 'A CycleAcrossChains',
      what: `two chains wait for each other in ${how}: both blocks are replaced`,
      async run(world, a, b) {
        const [at, bt] = [await a.next(), await b.next()]
        const steps = (other: ScriptedChain, place: typeof at, own: number, theirs: number) => {
          const both = [[{ execute: other.message(place, 1, log(theirs)) }], [log(own)]]
          return variant === 0 ? both : [both.flat()]
        }
        const blockA = await a.block(steps(b, bt, 1, 2))
        const blockB = await b.block(steps(a, at, 2, 1))
        const { chains } = await indexed(world)
        expect(chains['901']?.crossUnsafe.number).toBeLessThan(Number(blockA.number))
        expect(chains['902']?.crossUnsafe.number).toBeLessThan(Number(blockB.number))
        await batchAll(world)
        await replaced(a, blockA)
        await replaced(b, blockB)
        await goesOn(world)
      },
    }),
  ),
  {
    row: 'A ExecMsgPointToSelf',
    what: 'a message that is the log of its own execution',
    async run(world, a) {
      const place = await a.next()
      const invalid = await a.block([[{ execute: a.message(place, 0, log(1)) }]])
      await isReplaced(world, a, invalid)
    },
  },
  {
    row: 'A InvalidRandomGraph',
    what: 'a random graph of messages with one fault: it halts there, and goes on once that is replaced',
    async run(world) {
      const random = seededRandom(SEED)
      const made = await randomGraph(world, random, 6)
      const [chain, other] = shuffled(world.chains, random) as [ScriptedChain, ScriptedChain]
      const wrong = { ...pick(made.sent, random), logIndex: 77n }
      const invalid = await chain.block([[{ execute: wrong }]])
      const bystander = await other.block([[log(3)]])
      await isReplaced(world, chain, invalid)
      for (const { chain: of, block } of made.blocks) {
        expect((await of.canonical(block.number))?.hash, `seed ${SEED}`).toBe(block.hash)
      }
      expect((await other.canonical(bystander.number))?.hash).toBe(bystander.hash)
    },
  },
  {
    row: 'T InitExecMsg(+DSL), RandomDirectedGraph',
    what: 'a random graph of messages',
    async run(world) {
      const { blocks } = await randomGraph(world, seededRandom(SEED + 1), 10)
      await batchAll(world)
      for (const { chain, block } of blocks) await reaches(chain, 'safe_l2', block)
    },
  },
  {
    row: 'T InitExecMultipleMsg, ExecSameMsgTwice',
    what: 'many messages in a transaction, and one of them twice',
    async run(world, a, b) {
      const sent = await a.block([[log(1), log(2), log(3)]])
      const steps = sent.messages.map((message) => ({ execute: message }))
      const executed = await b.block([[...steps, ...steps.slice(0, 1)], steps.slice(0, 1)])
      await reaches(b, 'cross_unsafe_l2', executed)
      await crossSafe(world, b, executed)
    },
  },
  {
    row: 'T ExecDifferentTopicCount, OpaqueData',
    what: 'no topics to four of them, no data and ten thousand bytes',
    async run(world, a, b) {
      const topics = [1n, 2n, 3n, 4n].map((each) => toWord(each))
      const logs = [0, 1, 2, 3, 4].flatMap((count) =>
        (['0x', '0xab'] as const).map((data): EmittedLog => ({ topics: topics.slice(0, count), data })),
      )
      const sent = await a.block([logs, [log(1, 10_000)]])
      const executed = await b.block([sent.messages.map((message) => ({ execute: message }))])
      expect(executed.messages).toHaveLength(11)
      await reaches(b, 'cross_unsafe_l2', executed)
      await crossSafe(world, b, executed)
    },
  },
  {
    row: 'T DifferEventIndexInSingleTx',
    what: 'the first, a middle and the last log of a transaction',
    async run(world, a, b) {
      const sent = await a.block([[1, 2, 3, 4, 5].map((tag) => log(tag))])
      const executed = await b.block([[0, 2, 4].map((index) => ({ execute: sent.messages[index] as never }))])
      await reaches(b, 'cross_unsafe_l2', executed)
      await crossSafe(world, b, executed)
    },
  },
  {
    row: 'T ExecMessageInvalidAttributes',
    what: 'each field of a message corrupted: the pool refuses it',
    async run(world, a, b) {
      const sent = await a.block([[log(1)]])
      await b.block()
      await indexed(world)
      const message = sent.messages[0] as Message
      const corrupted: Message[] = [
        { ...message, origin: `0x${'66'.repeat(20)}` },
        { ...message, blockNumber: message.blockNumber + 1n },
        { ...message, logIndex: 1n },
        { ...message, timestamp: message.timestamp + 1n },
        { ...message, chainId: 902n },
        { ...message, chainId: 903n },
        { ...message, payload: Uint8Array.of(1) },
      ]
      const nonce = Number(await b.call<Hex>('eth_getTransactionCount', devAccounts[0]?.address, 'latest'))
      for (const each of corrupted) {
        const raw = await b.transaction([{ execute: each }], 0, nonce)
        await expect(b.call('eth_sendRawTransaction', raw)).rejects.toThrow('transaction filtered out')
        await expect(checkMessages(world, [each])).rejects.toThrow()
      }
      await checkMessages(world, [message])
      await b.call('eth_sendRawTransaction', await b.transaction([{ execute: message }], 0, nonce))
      const executed = await b.poolBlock()
      expect(executed.messages).toHaveLength(1)
      await crossSafe(world, b, executed)
    },
  },
  {
    row: 'T ReorgInvalidExecMsgs',
    what: 'wrong log index, wrong block, unknown chain, one after another: each is replaced',
    async run(world, a, b) {
      const sent = await a.block([[log(1)]])
      const message = sent.messages[0] as Message
      const corrupted: Message[] = [
        { ...message, logIndex: 5n },
        { ...message, blockNumber: 1n },
        { ...message, chainId: 4_242n },
      ]
      for (const each of corrupted) await isReplaced(world, b, await b.block([[{ execute: each }]]))
    },
  },
  {
    row: 'T ReorgInitExecMsg',
    what: 'where the message goes with its branch, so does the block that executed it',
    async run(world, a, b) {
      const before = await a.canonical('latest')
      const sent = await a.block([[log(1)]])
      const executed = await b.block([[{ execute: sent.messages[0] as never }]])
      await reaches(b, 'cross_unsafe_l2', executed)
      const instead = await a.block([[log(2)]], { parent: before?.hash as Hex })
      expect(instead.number).toBe(sent.number)
      await isReplaced(world, b, executed)
      await reaches(a, 'safe_l2', instead)
    },
  },
  {
    row: 'T ReorgUnsafeHead',
    what: 'the head is replaced by hand, twice',
    async run(world, a, b) {
      const before = await a.canonical('latest')
      await a.block([[log(1)]])
      const second = await a.block([[log(2)]], { parent: before?.hash as Hex })
      await reaches(a, 'cross_unsafe_l2', second)
      const third = await a.block([[log(3)]], { parent: before?.hash as Hex })
      const executed = await b.block([[{ execute: third.messages[0] as never }]])
      await reaches(b, 'cross_unsafe_l2', executed)
      await crossSafe(world, b, executed)
      await reaches(a, 'safe_l2', third)
    },
  },
  ...[3, 10].map(
    (depth): Scenario => ({
      row: 'T L2ReorgAfterL1Reorg 3/10',
      what: `L1 goes back ${depth} blocks, with batches and messages in them`,
      async run(world, a, b) {
        await batchAll(world)
        const base = await world.mineL1()
        const lost: MadeBlock[] = []
        for (let i = 0; i < depth; i++) {
          const sent = await a.block([[log(i)]])
          lost.push(await b.block([[{ execute: sent.messages[0] as never }]], { l1Origin: 'next' }))
          await batchAll(world)
        }
        await reaches(b, 'safe_l2', lost.at(-1) as MadeBlock)
        let tip = await world.mineL1({ parent: base.hash, empty: true, salt: 1 })
        for (let i = 0; i < depth + 2; i++) tip = await world.mineL1({ parent: tip.hash, empty: true })
        await eventually('the safe head is before what L1 has lost', async () => {
          const { safe_l2: safe } = await statusOf(b)
          return safe.number < Number((lost[0] as MadeBlock).number) || undefined
        })
        await goesOn(world)
        expect((await b.canonical((lost.at(-1) as MadeBlock).number))?.hash).not.toBe(lost.at(-1)?.hash)
      },
    }),
  ),
  {
    row: 'T SequencingWindowExpiry',
    what: 'batches of one chain do not come in time: empty blocks take their place, what depended on them falls, and both recover',
    options: { sequencingWindow: 8 },
    async run(world, a, b) {
      const sent = await b.block([[log(1)]])
      const executed = await a.block([[{ execute: sent.messages[0] as never }]])
      await batchAll(world, [a])
      await mineL1(world, 12)
      await replaced(b, sent)
      await replaced(a, executed)
      await eventually('both chains are safe again', async () => {
        const statuses = await Promise.all(world.chains.map(statusOf))
        return statuses.every(({ safe_l2: safe, unsafe_l2: unsafe }) => safe.hash === unsafe.hash) || undefined
      })
      await goesOn(world)
    },
  },
  {
    row: 'T Filter x3',
    what: 'failsafe on: nothing executes messages; plain transactions pass; off: all goes on',
    async run(world, a, b) {
      const sent = await a.block([[log(1)]])
      await b.block()
      await indexed(world)
      const [sender, other] = devAccounts
      const nonce = async (of: typeof sender) =>
        Number(await b.call<Hex>('eth_getTransactionCount', of?.address, 'latest'))
      const executing = await b.transaction([{ execute: sent.messages[0] as never }], 0, await nonce(sender))
      await world.setFailsafe(true)
      await expect(b.call('eth_sendRawTransaction', executing)).rejects.toThrow('transaction filtered out')
      await b.call('eth_sendRawTransaction', await b.transaction([log(5)], 1, await nonce(other)))
      expect((await b.poolBlock()).messages).toHaveLength(1)
      await world.setFailsafe(false)
      await b.call('eth_sendRawTransaction', executing)
      const executed = await b.poolBlock()
      expect(executed.receipts.at(-1)?.status).toBe('0x1')
      await crossSafe(world, b, executed)
    },
  },
  {
    row: 'S SafeHeadProgression, UnevenProgress, ChainLag',
    what: 'what depends on a chain that lags waits for it; what does not goes on unsafe',
    async run(world, a, b) {
      const sent = await a.block([[log(1)]])
      const free = await b.block([[log(2)]])
      const executed = await b.block([[{ execute: sent.messages[0] as never }]])
      await traversed(world, await batchAll(world, [b]))
      await reaches(b, 'safe_l2', free)
      expect((await statusOf(b)).safe_l2.number).toBe(Number(free.number))
      await traversed(world, await world.mineL1({ empty: true }))
      expect((await statusOf(b)).safe_l2.number).toBe(Number(free.number))
      await batchAll(world, [a])
      await reaches(b, 'safe_l2', executed)
    },
  },
  {
    row: 'S InvalidMessageReplacement; SameTimestamp',
    what: 'what depends on an invalid block of the same second, and on that in turn, falls with it',
    options: { chains: [901, 902, 903] },
    async run(world, a, b) {
      const c = world.chains[2] as ScriptedChain
      const [at, bt] = [await a.next(), await b.next()]
      const invalid = [
        await a.block([[{ execute: b.message(bt, 9, log(9)) }, log(1)]]),
        await b.block([[{ execute: a.message(at, 1, log(1)) }, log(2)]]),
        await c.block([[{ execute: b.message(bt, 1, log(2)) }]]),
      ]
      await indexed(world)
      await batchAll(world)
      for (const [index, chain] of world.chains.entries()) await replaced(chain, invalid[index] as MadeBlock)
      await goesOn(world)
    },
  },
  {
    row: 'A Reset',
    what: 'a node that does not know where it is, is told, with blocks and messages on the way',
    async run(world, a, b) {
      await goesOn(world)
      const sent = await a.block([[log(1)]])
      await expect(a.call('admin_resetDerivationPipeline')).resolves.toBeNull()
      const executed = await b.block([[{ execute: sent.messages[0] as never }]])
      await batchAll(world)
      await expect(b.call('admin_resetDerivationPipeline')).resolves.toBeNull()
      await reaches(b, 'safe_l2', executed)
      await reaches(a, 'safe_l2', sent)
      await goesOn(world)
    },
  },
  {
    row: 'T L2CLResync; C #15427',
    what: 'the supervisor goes and comes back, again and again: nobody has to be restarted',
    async run(world, a, b) {
      for (let i = 0; i < 3; i++) {
        await world.service('admin_stop')
        const sent = await a.block([[log(i)]])
        if (i === 1) await world.mineL1({ empty: true })
        await world.service('admin_start')
        const executed = await b.block([[{ execute: sent.messages[0] as never }]])
        await crossSafe(world, b, executed)
      }
    },
  },
  {
    row: 'T L2CLAheadOfSupervisor',
    what: 'nodes are many blocks ahead when the supervisor comes, one of them invalid',
    async run(world, a, b) {
      await goesOn(world)
      await world.service('admin_stop')
      const sent: MadeBlock[] = []
      for (let i = 0; i < 8; i++) {
        const block = await a.block([[log(i)]])
        sent.push(block)
        await b.block([[{ execute: block.messages[0] as never }]])
      }
      const wrong = { ...((sent[3] as MadeBlock).messages[0] as Message), logIndex: 4n }
      const invalid = await b.block([[{ execute: wrong }]])
      await batchAll(world)
      await world.service('admin_start')
      const instead = await replaced(b, invalid)
      await reaches(b, 'safe_l2', instead)
      await reaches(a, 'safe_l2', sent.at(-1) as MadeBlock)
      await goesOn(world)
    },
  },
  {
    row: 'T InteropMon, loadtest x4',
    what: 'bursts of messages out of the pool, with bad ones among them',
    async run(world, a, b) {
      const random = seededRandom(SEED + 2)
      const sent: Message[] = []
      let executed: MadeBlock | undefined
      for (let round = 0; round < 6; round++) {
        const block = await a.block(Array.from({ length: 5 }, (_, i) => [log(i), log(i + 10)]))
        sent.push(...block.messages)
        await b.block()
        await indexed(world)
        for (const [index, { address }] of devAccounts.slice(1, 7).entries()) {
          const nonce = Number(await b.call<Hex>('eth_getTransactionCount', address, 'latest'))
          const message = pick(sent, random)
          const isBad = index % 3 === 2
          const raw = await b.transaction(
            [{ execute: isBad ? { ...message, logIndex: 99n } : message }],
            index + 1,
            nonce,
          )
          const sending = b.call('eth_sendRawTransaction', raw)
          if (isBad) await expect(sending).rejects.toThrow('transaction filtered out')
          else await sending
        }
        executed = await b.poolBlock()
        expect(executed.messages).toHaveLength(4)
        await batchAll(world)
      }
      await reaches(b, 'safe_l2', executed as MadeBlock)
    },
  },
  {
    row: 'F OptimisticPairing',
    what: 'the output of what was replaced is told beside that of what stands for it',
    async run(world, a, b) {
      const place = await a.next()
      const before = await a.block()
      const invalid = await b.block([[{ execute: a.message(place, 0, log(7)) }]])
      const pending = await outputRootOf(b, invalid.hash)
      await batchAll(world)
      const instead = await replaced(b, invalid)
      await reaches(b, 'safe_l2', instead)
      await reaches(a, 'safe_l2', before)
      const { chains } = await world.service<{
        chains: { chainID: string; canonical: Hex; pending: Hex }[]
      }>('supervisor_superRootAtTimestamp', toQuantity(invalid.timestamp))
      const [ofA, ofB] = chains
      expect(keccak256(ofA?.pending as Hex)).toBe(ofA?.canonical)
      expect(keccak256(ofB?.pending as Hex)).toBe(pending)
      expect(ofB?.canonical).toBe(await outputRootOf(b, instead.hash))
      expect(ofB?.canonical).not.toBe(pending)
    },
  },
  {
    row: 'F DepositMessage',
    what: 'a log of a deposit that L1 forced is a message, and outlives the block that is replaced',
    async run(world, a, b) {
      await world.deposit(a, [log(1)])
      const invalid = await a.block([[{ execute: b.message(await b.next(), 8, log(8)) }]], { l1Origin: 'next' })
      const message = invalid.messages[0] as Message
      const executed = await b.block([[{ execute: message }]])
      await indexed(world)
      await batchAll(world)
      const instead = await replaced(a, invalid)
      await reaches(a, 'safe_l2', instead)
      await reaches(b, 'safe_l2', executed)
    },
  },
]

const ran = new Set<string>()
afterAll(() => {
  process.stderr.write(`interop scenarios: ${ran.size} rows in ${SCENARIOS.length} scenarios\n`)
})

describe('chains that execute messages of each other', () => {
  it.each(SCENARIOS)('$row: $what', { timeout: 120_000 }, async ({ row, options = {}, run }) => {
    await using world = await InteropWorld.start(options)
    const [a, b] = world.chains as [ScriptedChain, ScriptedChain]
    await run(world, a, b)
    ran.add(row)
  })
})
