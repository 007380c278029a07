import type { Method } from '../../rpc/method.ts'
import { batchMethods } from '../../rpc/methods/batch.ts'
import { AutoBatcher } from '../batcher/auto-batcher.ts'
import { Batcher } from '../batcher/batcher.ts'
import { InboxWriter } from '../batcher/inbox-writer.ts'
import { Outbox } from '../batcher/outbox.ts'
import type { BatcherChain, BatcherHeads } from '../batcher/ports.ts'
import { L1SenderClient } from '../clients/l1-sender.ts'
import type { RpcCaller } from '../clients/transport.ts'
import type { BatcherSettings } from '../config/batcher.ts'
import { blobProof, cellProofs, commitmentOf } from '../evm/kzg.ts'
import { systemClock } from '../primitives/clock.ts'
import { AppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { L1ChainConfig } from '../protocol/l1-chain.ts'
import { l2BlockRef, payloadFacts } from '../protocol/l2-block.ts'
import type { RollupConfig } from '../protocol/rollup-config.ts'
import type { ChainStatus } from '../sequencer/ports.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { ExecutionLayer } from './execution-layer.ts'

/** An L1 that takes transactions, and the one writer of nonces there, whichever chain an account batches. */
export interface L1Posting {
  readonly sender: L1SenderClient
  readonly outbox: Outbox
}

/** @param chainId of the L1 */
export function postingTo(l1: RpcCaller, chainId: bigint): L1Posting {
  const sender = new L1SenderClient(l1)
  return { sender, outbox: new Outbox(sender, chainId) }
}

/** What a chain's batcher is wired with. */
export interface HostedBatcherParts {
  readonly settings: BatcherSettings
  readonly config: RollupConfig
  readonly l1Chain: L1ChainConfig
  readonly layer: Pick<ExecutionLayer, 'labelled' | 'payload'>
  /** Who knows what is safe; undefined: the execution layer's labels say. */
  readonly status: ChainStatus | undefined
  readonly posting: L1Posting
  /** Milliseconds between two looks at L1. */
  readonly l1PollMs: number
  readonly logger: Logger
}

/** A chain's batcher. */
export interface HostedBatcher {
  readonly methods: readonly Method[]
  run(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

async function labels(
  { genesis }: RollupConfig,
  layer: Pick<ExecutionLayer, 'labelled'>,
  io: IoOptions,
): Promise<BatcherHeads | undefined> {
  const [safe, unsafe] = await Promise.all([layer.labelled('safe', io), layer.labelled('latest', io)])
  if (unsafe === undefined) return undefined
  return {
    safe: safe === undefined ? genesis.l2 : { hash: safe.hash, number: safe.header.number },
    unsafe: { hash: unsafe.hash, number: unsafe.header.number },
  }
}

async function told(status: ChainStatus, io: IoOptions): Promise<BatcherHeads | undefined> {
  const heads = await status.read(io)
  if (heads?.safe === undefined) return undefined
  const { safe, unsafe, currentL1 } = heads
  return { safe, unsafe, ...(currentL1 !== undefined && { derivedFrom: currentL1.number }) }
}

function batcherChain({ config, layer, status }: HostedBatcherParts): BatcherChain {
  return {
    async heads(io) {
      const heads = await (status === undefined ? labels(config, layer, io) : told(status, io))
      if (heads !== undefined) return heads
      throw new AppError('NODE_UNAVAILABLE', {
        message: 'the heads of the chain are not known yet',
        severity: 'temporary',
      })
    },
    async block(number, io) {
      const payload = await layer.payload(number, io)
      if (payload === undefined) return undefined
      return { ref: l2BlockRef(config, payloadFacts(payload)), transactions: payload.transactions }
    },
  }
}

/** Makes the batcher of a chain. By itself it does nothing before it runs. */
export type HostBatcher = (parts: HostedBatcherParts) => HostedBatcher

/** {@link HostBatcher} */
export const hostedBatcher: HostBatcher = (parts) => {
  const { settings, config, l1Chain, posting, l1PollMs, logger } = parts
  const { account, da } = settings
  const chain = batcherChain(parts)
  const { sender } = posting
  const prover = { commitment: commitmentOf, proof: blobProof, cellProofs }
  const writer = new InboxWriter({ config, l1Chain, ...posting, prover, account, clock: systemClock })
  const auto = new AutoBatcher({
    ...{ config, chain, sender, writer, da, clock: systemClock, pollMs: l1PollMs },
    onFailure: (message) => logger.warn({ error: message }, 'batching failed'),
  })
  const expected = config.genesis.systemConfig.batcherAddress
  if (account.address !== expected) {
    logger.warn({ address: account.address, expected }, "the batcher's key is not that of the chain's first batcher")
  }
  return {
    methods: batchMethods(new Batcher({ config, chain, writer, auto, da })),
    async run() {
      if (settings.auto !== undefined) await auto.set(true, settings.auto)
    },
    async close() {
      await auto.set(false)
    },
  }
}
