import { expect, it } from 'vitest'
import { type Hash, toQuantity, toWord } from '../../src/primitives/hex.ts'
import { blockFromJson } from '../../src/protocol/block-json.ts'
import { invalidatedOutput } from '../../src/protocol/invalidated-block.ts'
import { payloadOf } from '../../src/protocol/payload.ts'
import { messageEntries } from './support/interop-message.ts'
import { SupervisorSides } from './support/supervisor-sides.ts'
import { waitFor } from './support/wait-for.ts'

const TOPIC = toWord(0x1234n)

it('supervises op-nodes as op-supervisor does: messages, an L1 reorg, an invalid message and what depends on it, a crash', {
  timeout: 300_000,
}, async () => {
  await using sides = await SupervisorSides.start()
  const { devnet } = sides
  const [a, b] = devnet.chains

  // Messages both ways, unsafe first.
  const [a1, b1] = [await a.block([await a.emitting(TOPIC)]), await b.block([await b.emitting(TOPIC)])]
  const b2 = await b.block([await b.executing(a.message(a1))])
  const a2 = await a.block([await a.executing(b.message(b1))])
  for (const block of [a1, a2]) await sides.gossip(a, block)
  for (const block of [b1, b2]) await sides.gossip(b, block)
  for (const chain of devnet.chains) await sides.reached(chain, 'crossUnsafe', b2.number)
  await sides.agree()

  for (const chain of devnet.chains) await devnet.submit(chain, b1.number, b2.number)
  await devnet.mine(4)
  for (const chain of devnet.chains) await sides.reached(chain, 'safe', b2.number)
  await devnet.mine(8)
  for (const chain of devnet.chains) await sides.reached(chain, 'finalized', b2.number)
  await sides.agree()

  // Access lists, by what is known of their messages.
  const executing = { chainID: '902', timestamp: toQuantity(b2.timestamp) }
  const lists: readonly (readonly Hash[])[] = [
    [],
    messageEntries(a.message(a1)),
    messageEntries({ ...a.message(a1), logIndex: 9n }),
    messageEntries({ ...a.message(a1), blockNumber: 99n, timestamp: BigInt(a1.timestamp) + 200n }),
    messageEntries({ ...a.message(a1), chainId: 999n }),
    messageEntries(a.message(a1)).slice(0, 1),
    messageEntries(a.message(a1)).slice(1),
  ]
  for (const list of lists)
    for (const level of ['unsafe', 'cross-unsafe', 'safe', 'finalized', 'invalid', 'x']) {
      const [ours, theirs] = await sides.ask('supervisor_checkAccessList', [list, level, executing])
      expect(ours, `${level} ${JSON.stringify(list)}`).toEqual(theirs)
    }

  // L1 goes another way, without the batches at first.
  const [a3, b3] = [await a.block([await a.emitting(TOPIC)]), await b.block()]
  for (const [chain, { number }] of [
    [a, a3],
    [b, b3],
  ] as const)
    await devnet.submit(chain, number, number)
  const fork = (await devnet.mine(3)) - 3
  for (const chain of devnet.chains) await sides.reached(chain, 'safe', a3.number)
  await devnet.reorg(fork, 4)
  await sides.backTo(b2.number)
  await devnet.mine(6)
  for (const chain of devnet.chains) await sides.reached(chain, 'safe', a3.number)
  await sides.agree()
  await sides.sameHistory()

  // A message that was never sent, and one that stands in the block that executes it.
  const a4 = await a.block([await a.emitting(TOPIC), await a.executing({ ...b.message(b1), logIndex: 7n }, 1)])
  const b4 = await b.block()
  const b5 = await b.block([await b.executing(a.message(a4))])
  await a.block()
  for (const chain of devnet.chains) await devnet.submit(chain, b4.number, b5.number)
  await devnet.mine(4)
  for (const [chain, number, bad] of [
    [a, a4.number, a4.hash],
    [b, b5.number, b5.hash],
  ] as const)
    for (const { name, nodes } of [sides.ours, sides.theirs]) {
      const replaced = async (): Promise<boolean> => {
        const el = nodes.find(({ chainId }) => chainId === chain.chainId)?.el
        const json = await el?.rpc.call('eth_getBlockByNumber', [toQuantity(number), true])
        return json ? invalidatedOutput(payloadOf(blockFromJson(json)).transactions)?.blockHash === bad : false
      }
      await waitFor(`block ${number} of ${chain.chainId} is replaced, ${name}`, replaced, {
        check: sides.check,
        timeout: 90_000,
      })
    }
  for (const [chain, number] of [
    [a, a4.number],
    [b, b5.number],
  ] as const)
    await sides.reached(chain, 'safe', number)
  await sides.agree()
  const [ours, theirs] = await sides.ask('admin_getFailsafeEnabled', [])
  expect([ours, theirs]).toEqual([true, true])

  await sides.sameHistory()

  // Killed, our supervisor goes on with what it had decided, and a node of it from where that is.
  const [node] = sides.ours.nodes
  for (const program of [sides.ours.supervisor.process, node?.node.process]) {
    await program?.kill9()
    await program?.start({ timeout: 60_000 })
  }
  await devnet.mine(12)
  await sides.reached(a, 'finalized', a4.number)
  await sides.reached(b, 'finalized', b5.number)
  await sides.agree()
  await sides.sameHistory()
})
