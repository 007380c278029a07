import { MAX_NONCE } from '../evm/authorizations.ts'
import { createdAddress } from '../evm/created-address.ts'
import type { CallOutcome, ScratchBlock } from '../evm/scratch-block.ts'
import type { CallErrorCode } from '../evm/state-overrides.ts'
import { AccessRecorder } from '../evm/tracing/access-recorder.ts'
import { AppError, isAppError } from '../primitives/errors.ts'
import type { Address } from '../primitives/hex.ts'
import { recoverAuthority } from '../protocol/authority.ts'
import type { AccessListEntry } from '../protocol/transaction.ts'
import { CALL_POLICY, type PricedMessage, wouldBeTransaction } from './call-message.ts'

/** Gas that an authorization costs. @see EIP-7702 */
const AUTHORIZATION_GAS = 25_000n

/** What a message touches, and what it costs with all of that on its access list. */
export interface AccessListAnswer {
  readonly accessList: readonly AccessListEntry[]
  readonly gasUsed: bigint
  /** Why it failed, in geth's words. */
  readonly error: string | undefined
}

function invalid(message: string): AppError<CallErrorCode> {
  return new AppError('CALL_INVALID', { message })
}

/** Accounts that are warm anyway. */
function warmAccounts(block: ScratchBlock, { message }: PricedMessage, chainId: bigint): ReadonlySet<Address> {
  const { sender, to, nonce, gasLimit, authorizationList = [] } = message
  if (BigInt(authorizationList.length) > gasLimit / AUTHORIZATION_GAS) {
    throw invalid('insufficient gas to process all authorizations')
  }
  const authorities = authorizationList
    .filter((authorization) => authorization.chainId === 0n || authorization.chainId === chainId)
    .filter((authorization) => authorization.nonce < MAX_NONCE)
    .flatMap((authorization) => recoverAuthority(authorization) ?? [])
  return new Set([sender, to ?? createdAddress(sender, nonce), ...block.precompiles, ...authorities])
}

/**
 * The access list that a message ends up with when it is run again with the list of what it touched, until it touches
 * nothing else.
 * @param block with all overrides made; left as it is
 * @throws AppError CALL_INVALID @see geth, internal/ethapi AccessList
 */
export async function findAccessList(
  block: ScratchBlock,
  priced: PricedMessage,
  chainId: bigint,
): Promise<AccessListAnswer> {
  const { message } = priced
  const excluded = warmAccounts(block, priced, chainId)
  let known = new AccessRecorder(message.accessList, excluded)
  for (;;) {
    const accessList = known.list()
    const recorder = new AccessRecorder(accessList, excluded)
    const attempt = { ...priced, message: { ...message, accessList } }
    const { gasUsed, error } = await run(block, attempt, recorder, chainId)
    if (recorder.size === known.size) return { accessList, gasUsed, error }
    known = recorder
  }
}

async function run(
  block: ScratchBlock,
  priced: PricedMessage,
  recorder: AccessRecorder,
  chainId: bigint,
): Promise<CallOutcome> {
  const { message, gasPrice } = priced
  const mark = block.overlay.mark()
  block.show(recorder)
  try {
    return await block.call(message, { gasPrice, gasPool: message.gasLimit, policy: CALL_POLICY })
  } catch (error) {
    if (!isAppError(error, 'TX_REFUSED')) throw error
    const { hash } = wouldBeTransaction(priced, chainId)
    throw invalid(`failed to apply transaction: ${hash} err: ${error.message}`)
  } finally {
    block.overlay.revertTo(mark)
  }
}
