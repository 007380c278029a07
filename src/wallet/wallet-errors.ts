/**
 * `ACCOUNT_UNKNOWN`: nobody here can sign for the account. `TRANSACTION_ARGUMENTS`: what a transaction is asked to be
 * contradicts itself, in geth's words. `TYPED_DATA_INVALID`: EIP-712 data that cannot be encoded.
 */
export type WalletErrorCode = 'ACCOUNT_UNKNOWN' | 'TRANSACTION_ARGUMENTS' | 'TYPED_DATA_INVALID'
