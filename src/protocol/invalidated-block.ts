import { type Address, bytesToHex, equalBytes, hexToBytes, ZERO_ADDRESS, ZERO_HASH } from '../primitives/hex.ts'
import { encodeOutput, type OutputV0, outputRoot } from './output-root.ts'
import { createDeposit, decodeTransaction, isDeposit, sourceHash } from './transaction.ts'

/** Who says, by the last deposit of a block that stands for an invalid one, what that one came to. */
const SENDER: Address = '0xdeaddeaddeaddeaddeaddeaddeaddeaddead0002'
const GAS_LIMIT = 36_000n
const OUTPUT_BYTES = 128
const DEPOSIT_TYPE = 0x7e

/** The deposit that keeps the output of an invalid block in the one that takes its place. @see op-node, InvalidatedBlockSourceDepositTx */
export function invalidatedBlockDeposit(output: OutputV0): Uint8Array {
  return createDeposit({
    sourceHash: sourceHash('invalidatedBlock', hexToBytes(outputRoot(output))),
    from: SENDER,
    to: ZERO_ADDRESS,
    mint: 0n,
    value: 0n,
    gasLimit: GAS_LIMIT,
    isSystemTx: false,
    data: encodeOutput(output),
  }).raw
}

/**
 * The output of the block that another one stands for, out of its last transaction; undefined where it stands for none.
 * @throws AppError TX_INVALID where the last transaction is none
 */
export function invalidatedOutput(transactions: readonly Uint8Array[]): OutputV0 | undefined {
  const last = transactions.at(-1)
  if (last?.[0] !== DEPOSIT_TYPE) return undefined
  const deposit = decodeTransaction(last)
  if (!isDeposit(deposit) || deposit.sender !== SENDER) return undefined
  const { data } = deposit
  if (data.length !== OUTPUT_BYTES || !equalBytes(data.subarray(0, 32), hexToBytes(ZERO_HASH))) return undefined
  const [stateRoot, messagePasserStorageRoot, blockHash] = [32, 64, 96].map((at) =>
    bytesToHex(data.subarray(at, at + 32)),
  ) as [OutputV0['stateRoot'], OutputV0['stateRoot'], OutputV0['blockHash']]
  return { stateRoot, messagePasserStorageRoot, blockHash }
}
