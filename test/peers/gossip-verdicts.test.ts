import { readFileSync } from 'node:fs'
import { multiaddr } from '@multiformats/multiaddr'
import { expect, it } from 'vitest'
import { blockTopic } from '../../src/p2p/block-topics.ts'
import { hexToBytes } from '../../src/primitives/hex.ts'
import { PAYLOAD_VERSIONS } from '../../src/protocol/payload-version.ts'
import { parseRollupConfig } from '../../src/protocol/rollup-config.ts'
import { gossipCases } from '../support/gossip-cases.ts'
import { unsafeBlockSigner } from './support/dev-accounts.ts'
import { upgrading } from './support/fork-schedule.ts'
import { startGossipHost, startRawNode } from './support/gossip-hosts.ts'
import { startSingleStack } from './support/single-stack.ts'
import { waitFor } from './support/wait-for.ts'

const NODE_KEY = `0x${'71'.repeat(32)}` as const
const OUR_KEY = `0x${'72'.repeat(32)}` as const
const SENDER_KEY = `0x${'73'.repeat(32)}` as const
const OTHER_SENDER_KEY = `0x${'74'.repeat(32)}` as const

/** What op-node made of the blocks that came, in its order. */
function verdicts(logFile: string): string[] {
  return readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes('validated blockv') && !line.includes('from=self'))
    .map((line) => /result=(\w+)/.exec(line)?.[1]?.toLowerCase() ?? line)
}

it('the same bytes are accepted, ignored and rejected by op-node and by us', { timeout: 240_000 }, async () => {
  await using stack = await startSingleStack({
    forks: upgrading({ regolith: 0 }, 'isthmus'),
    back: 200,
    sequencer: 'stopped',
    p2p: { privateKey: NODE_KEY },
    opNodeFlags: ['--log.level', 'debug'],
  })
  const { node, rollupFile } = stack
  const config = parseRollupConfig(JSON.parse(readFileSync(rollupFile, 'utf8')))
  await using ours = await startGossipHost(config, OUR_KEY)
  const topics = PAYLOAD_VERSIONS.map((version) => blockTopic(config.l2ChainId, version))
  await using sender = await startRawNode(SENDER_KEY, topics)
  // It hears of nothing, so that it does not know what it sends a second time.
  await using other = await startRawNode(OTHER_SENDER_KEY, topics, false)
  for (const raw of [sender, other]) {
    for (const address of [node.multiaddr, ours.address]) await raw.node.dial(multiaddr(address))
    const heard = (): boolean => topics.every((topic) => raw.node.services.pubsub.getSubscribers(topic).length === 2)
    await waitFor('both take all topics', heard)
  }
  const { received } = ours.gossip.stats
  const count = (): number => received.accept + received.ignore + received.known + received.reject
  let looked = 0
  const options = {
    chainId: config.l2ChainId,
    key: hexToBytes(unsafeBlockSigner.privateKey),
    now: () => BigInt(Math.floor(Date.now() / 1000)),
  }
  for (const { name, version, data, verdict } of gossipCases(options)) {
    const before = { ...received }
    const sent = (verdict === 'duplicate' ? other : sender).send(blockTopic(config.l2ChainId, version), data)
    expect(await sent, name).toBe(2)
    // That nothing happens shows in what comes next.
    if (verdict === 'duplicate') continue
    looked++
    await waitFor(`${name}: looked at`, () => count() >= looked && verdicts(node.process.logFile).length >= looked)
    const theirs = verdicts(node.process.logFile)
    expect(theirs, name).toHaveLength(looked)
    expect(count(), name).toBe(looked)
    expect(theirs.at(-1), name).toBe(verdict)
    const key = (['accept', 'ignore', 'known', 'reject'] as const).find((each) => received[each] > before[each])
    expect(key === 'known' ? 'ignore' : key, name).toBe(verdict)
  }
  expect(looked).toBeGreaterThan(120)
})
