import {
  type Address,
  bytesToBigInt,
  bytesToHex,
  concatBytes,
  type Hash,
  type Hex,
  hexToBytes,
} from '../../../src/primitives/hex.ts'
import { keccakHash } from '../../../src/primitives/keccak.ts'
import { encodeRlp, type RlpInput } from '../../../src/primitives/rlp.ts'
import type { MakerContext, Signer } from './tx-maker.ts'

/** A signed blob transaction; also one that viem does not sign, since it can't be right. */
export async function blobTransaction(
  signer: Signer,
  context: MakerContext,
  fields: {
    readonly to: Address
    readonly tip: bigint
    readonly maxFeePerBlobGas: bigint
    readonly hashes: readonly Hash[]
  },
): Promise<Hex> {
  const { baseFee, nonceOf } = context
  const body: RlpInput[] = [
    BigInt(context.chainId),
    nonceOf(signer.address),
    fields.tip,
    baseFee * 2n,
    300_000n,
    hexToBytes(fields.to),
    0n,
    new Uint8Array(0),
    [],
    fields.maxFeePerBlobGas,
    fields.hashes.map(hexToBytes),
  ]
  const type = Uint8Array.of(3)
  const { sign } = signer.account
  if (sign === undefined) throw new Error('the account signs nothing')
  const signature = hexToBytes(await sign({ hash: keccakHash(concatBytes(type, encodeRlp(body))) }))
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32, 64)].map(bytesToBigInt) as [bigint, bigint]
  return bytesToHex(concatBytes(type, encodeRlp([...body, BigInt((signature[64] as number) - 27), r, s])))
}
