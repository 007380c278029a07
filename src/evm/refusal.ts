import { AppError } from '../primitives/errors.ts'
import type { ExecutionErrorCode } from './executor.ts'

/** Why a transaction cannot stand in a block. Stable words for programs; the message is geth's. */
export type RefusalReason =
  | 'nonceTooLow'
  | 'nonceTooHigh'
  | 'nonceMax'
  | 'insufficientFunds'
  | 'intrinsicGasTooLow'
  | 'floorDataGasTooLow'
  | 'gasLimitReached'
  | 'gasLimitTooHigh'
  | 'daFootprintReached'
  | 'activationBlock'
  | 'feeCapTooLow'
  | 'tipAboveFeeCap'
  | 'senderNoEoa'
  | 'initCodeTooLarge'
  | 'typeNotSupported'
  | 'invalidChainId'
  | 'emptyAuthorizationList'
  | 'authorizedCreation'
  | 'blobCreation'
  | 'blobHashesMissing'
  | 'blobHashInvalid'
  | 'blobFeeCapTooLow'
  | 'tooManyBlobs'
  | 'blobLimitReached'
  | 'blobSidecarMissing'
  | 'blobSidecarInvalid'
  | 'blockSizeReached'
  | 'systemTransaction'
  | 'mintOverflow'
  | 'invalid'
  | 'conditionalFailed'
  | 'notInPool'

/**
 * The error of a transaction that cannot be included, in geth's words.
 * @param detail what geth puts behind its sentinel error; the message is `summary: detail`
 */
export function refusal(reason: RefusalReason, summary: string, detail = ''): AppError<ExecutionErrorCode> {
  const message = detail === '' ? summary : `${summary}: ${detail}`
  return new AppError('TX_REFUSED', { message, data: { reason, detail: message } })
}
