import type { Address } from '../primitives/hex.ts'
import { KECCAK_EMPTY } from '../primitives/keccak.ts'
import type { Overlay } from '../state/overlay.ts'
import { accountOrEmpty, transfer } from './balances.ts'
import type { BlobRules } from './blob-charges.ts'
import type { BlockEvm } from './block-evm.ts'
import type { EvmRules } from './chain.ts'
import type { BlockEnv } from './executor.ts'
import { type evmBlock, type MessageResult, runTopMessage, type TopMessage } from './message-call.ts'
import type { Watch } from './watch.ts'

/** What a transaction runs in: one block's EVM, state and rules. */
export interface TransactionContext {
  readonly evm: BlockEvm
  readonly block: ReturnType<typeof evmBlock>
  readonly overlay: Overlay
  readonly env: BlockEnv
  readonly rules: EvmRules
  /** Undefined where blob transactions are not allowed. */
  readonly blobs: BlobRules | undefined
  readonly chainId: bigint
  /** Gas that the block has left. */
  readonly gasLeft: bigint
}

const NOTHING: Omit<MessageResult, 'gasUsed'> = {
  success: true,
  refund: 0n,
  returnValue: new Uint8Array(0),
  reverted: false,
  fault: undefined,
  logs: [],
  destroyed: [],
}

/** Runs the outermost message; a call of an account without code is a transfer and needs no EVM. */
export async function runMessage(context: TransactionContext, message: TopMessage): Promise<MessageResult> {
  const { evm, overlay, block } = context
  if (message.to !== undefined && !evm.precompiles.has(message.to.slice(2))) {
    const target = await accountOrEmpty(overlay, message.to)
    if (target.codeHash === KECCAK_EMPTY) {
      tellTransfer(evm.watch, message, message.to)
      await transfer(overlay, message.from, message.to, message.value)
      return { ...NOTHING, gasUsed: 0n }
    }
  }
  return runTopMessage(evm, block, message)
}

/** Tells whoever looks on of a frame that has no code to run. */
function tellTransfer(watch: Watch | undefined, { from, data: input, gas, value }: TopMessage, to: Address): void {
  watch?.observer?.enter?.({ depth: 0, kind: 'CALL', from, to, input, gas, value })
  watch?.observer?.leave?.({ depth: 0, output: NOTHING.returnValue, gasUsed: 0n, error: undefined })
}

/** Removes what SELFDESTRUCT marked. Comes after all fees: what was paid to such an account goes with it. */
export function removeDestroyed(overlay: Overlay, destroyed: readonly Address[]): void {
  for (const address of destroyed) overlay.setAccount(address, undefined)
}
