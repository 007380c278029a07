import type { Committer, Publisher } from '../builder/ports.ts'
import type { SealedBlocks } from '../builder/sealed-blocks.ts'
import { OpNodeClient } from '../clients/op-node.ts'
import { RpcTransport } from '../clients/transport.ts'
import type { L2Settings } from '../config/config.ts'
import type { BlockSignatures } from '../delivery/block-signatures.ts'
import { OpNodeCommitter } from '../delivery/committers/op-node.ts'
import { OpNodePublisher } from '../delivery/publishers/op-node.ts'
import { systemClock } from '../primitives/clock.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'

/** Where a chain's sealed blocks go by way of its op-node. */
export interface NodeDelivery {
  /** Undefined where blocks are inserted some other way. */
  readonly committer: Committer | undefined
  /** Undefined without a signer: op-nodes refuse what nobody signed. */
  readonly publisher: Publisher | undefined
  readonly client: OpNodeClient
  readonly transport: RpcTransport
}

/** Delivery by a chain's op-node; undefined where no op-node is named. @param head the execution layer's */
export function nodeDelivery(
  settings: L2Settings,
  signatures: BlockSignatures | undefined,
  sealedBlocks: SealedBlocks,
  head: (io: IoOptions) => Promise<Hash | undefined>,
): NodeDelivery | undefined {
  const { name, node, insert } = settings
  if (node === undefined) return undefined
  const transport = new RpcTransport({ endpoint: `${name}.node`, url: node.rpc })
  const client = new OpNodeClient(transport)
  return {
    committer:
      insert === 'op-node'
        ? new OpNodeCommitter({ node: client, head, blocks: sealedBlocks, clock: systemClock })
        : undefined,
    publisher: signatures && new OpNodePublisher(client, signatures),
    client,
    transport,
  }
}
