import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToHex, concatBytes, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
/** An identity multihash (00, length 0x25) of a protobuf key: type secp256k1, 33 bytes. */
const PREFIX = Uint8Array.of(0x00, 0x25, 0x08, 0x02, 0x12, 0x21)

function base58(bytes: Uint8Array): string {
  let rest = BigInt(bytesToHex(bytes))
  let out = ''
  for (; rest > 0n; rest /= 58n) out = ALPHABET[Number(rest % 58n)] + out
  const zeros = bytes.findIndex((byte) => byte !== 0)
  return '1'.repeat(zeros) + out
}

/** The libp2p peer id of a secp256k1 key (32 bytes of hex), known before the node runs. */
export function peerId(privateKey: Hex): string {
  return base58(concatBytes(PREFIX, secp256k1.getPublicKey(hexToBytes(privateKey), true)))
}

/** The discovery address of a key: `enode://` with the uncompressed public key. */
export function enode(privateKey: Hex, port: number): string {
  const key = secp256k1.getPublicKey(hexToBytes(privateKey), false)
  return `enode://${bytesToHex(key.subarray(1)).slice(2)}@127.0.0.1:${port}`
}
