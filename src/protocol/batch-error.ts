/** Codes of batches: what is refused is not a batch, or cannot be made into one. */
export type BatchErrorCode = 'BATCH_INVALID'
