/** The rules of a chain's head for blob transactions. */
export interface BlobRules {
  readonly chainId: bigint
  readonly shanghai: boolean
  readonly cancun: boolean
  readonly prague: boolean
  readonly osaka: boolean
  /** Of the head block. */
  readonly gasLimit: bigint
}

/** A chain's head as it judges blob transactions. */
export interface BlobHead {
  readonly rules: BlobRules
  readonly number: bigint
  /** Number of the block that is final; absent where none is, or nobody tells. */
  readonly final?: bigint
  /** Of the head block, in wei per blob gas. */
  readonly blobFee: bigint
}
