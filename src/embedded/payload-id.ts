import { createHash } from 'node:crypto'
import { bigIntToPadded, type Hash, hexToBytes } from '../primitives/hex.ts'
import { keccak256 } from '../primitives/keccak.ts'
import { encodeRlp } from '../primitives/rlp.ts'
import type { RequestedAttributes } from '../protocol/attributes.ts'

/**
 * Names a block in the making: 8 bytes, the first of which is the version of the attributes. The same attributes on the same
 * parent have the same name, which is also op-geth's.
 * @see op-geth, miner/payload_building.go BuildPayloadArgs.Id
 */
export function payloadId(parent: Hash, attributes: RequestedAttributes, version: number): Uint8Array {
  const { withdrawals = [], parentBeaconBlockRoot, transactions, noTxPool, gasLimit, minBaseFee } = attributes
  const uint64 = (value: bigint): Uint8Array => bigIntToPadded(value, 8)
  const hasher = createHash('sha256')
  hasher.update(hexToBytes(parent)).update(uint64(attributes.timestamp)).update(hexToBytes(attributes.prevRandao))
  hasher.update(hexToBytes(attributes.suggestedFeeRecipient))
  hasher.update(
    encodeRlp(
      withdrawals.map(({ index, validatorIndex, address, amount }) => [
        index,
        validatorIndex,
        hexToBytes(address),
        amount,
      ]),
    ),
  )
  if (parentBeaconBlockRoot !== undefined) hasher.update(hexToBytes(parentBeaconBlockRoot))
  if (noTxPool || transactions.length > 0) {
    hasher.update(Uint8Array.of(noTxPool ? 1 : 0)).update(uint64(BigInt(transactions.length)))
    for (const raw of transactions) hasher.update(keccak256(raw))
  }
  if (gasLimit !== undefined) hasher.update(uint64(gasLimit))
  if (attributes.eip1559Params !== undefined) hasher.update(attributes.eip1559Params)
  if (minBaseFee !== undefined) hasher.update(uint64(minBaseFee))
  const id = new Uint8Array(hasher.digest().subarray(0, 8))
  id[0] = version
  return id
}
