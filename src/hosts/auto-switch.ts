import type { ChainReader } from '../builder/ports.ts'
import { stepFailed } from '../ensemble/errors.ts'
import type { SequencingSwitch } from '../ensemble/ports.ts'
import type { Hash } from '../primitives/hex.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { AutoBuilder } from '../sequencer/auto.ts'
import { headId } from './head-id.ts'

/** Automatic building as op-test-sequencer's API switches it: from a head that the caller names, to one that it is told. */
export function autoSwitch(auto: AutoBuilder, chain: ChainReader): SequencingSwitch {
  async function head(io: IoOptions): Promise<Hash> {
    const block = await headId(chain, io)
    if (block === undefined) throw stepFailed('the chain has no head')
    return block.hash
  }
  return {
    get active() {
      return auto.interval !== undefined
    },
    async start(wanted, io) {
      const actual = await head(io)
      if (actual !== wanted) throw stepFailed(`block hash does not match: head ${actual}, received ${wanted}`)
      auto.set(true, undefined)
    },
    async stop(io) {
      await auto.close()
      return head(io)
    },
  }
}
