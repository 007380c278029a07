import { AppError } from '../primitives/errors.ts'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'

/** Codes of node addresses. */
export type EnodeErrorCode = 'ENODE_INVALID'

/** Where a node is, and who: `enode://<key>@host:port`. */
export interface Enode {
  /** The public key without its first byte: 64 bytes. */
  readonly id: Uint8Array
  readonly host: string
  readonly port: number
}

function invalid(why: string): never {
  throw new AppError<EnodeErrorCode>('ENODE_INVALID', { message: `invalid enode: ${why}` })
}

/**
 * Reads an address as geth writes it; `discport` is passed over.
 * @throws AppError ENODE_INVALID
 */
export function parseEnode(text: string): Enode {
  const match = /^enode:\/\/([0-9a-fA-F]*)@([^/?#]+)(\?discport=\d+)?$/.exec(text)
  if (match === null) invalid('expected enode://<public key>@host:port')
  const [, key = '', address = ''] = match
  if (key.length !== 128) invalid('the public key must be 128 hex digits')
  const at = address.lastIndexOf(':')
  const [host, port] = [address.slice(0, at).replace(/^\[(.*)\]$/, '$1'), Number(address.slice(at + 1))]
  if (at < 1 || host === '' || !/^\d+$/.test(address.slice(at + 1))) invalid('expected host:port')
  if (port < 1 || port > 65_535) invalid(`port ${address.slice(at + 1)}`)
  return { id: hexToBytes(key), host, port }
}

/** Writes an address as geth does. */
export function formatEnode({ id, host, port }: Enode): string {
  return `enode://${bytesToHex(id).slice(2)}@${host.includes(':') ? `[${host}]` : host}:${port}`
}
