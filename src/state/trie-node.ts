import { AppError } from '../primitives/errors.ts'
import { EMPTY_BYTES, type Hex } from '../primitives/hex.ts'
import { decodeRlp, type RlpItem } from '../primitives/rlp.ts'

/** Codes of trie-node decoding. */
export type TrieNodeErrorCode = 'TRIE_NODE_INVALID'

/** The end of a path: the rest of the key and its value. */
export interface LeafNode {
  readonly kind: 'leaf'
  /** One nibble a byte. */
  readonly path: Uint8Array
  readonly value: Uint8Array
}

/** A stretch of path without a fork. */
export interface ExtensionNode {
  readonly kind: 'extension'
  /** One nibble a byte; at least one. */
  readonly path: Uint8Array
  readonly child: NodeRef
}

/** A fork: one child for each next nibble. It never carries a value: no key of these tries is a prefix of another. */
export interface BranchNode {
  readonly kind: 'branch'
  /** 16 entries. */
  readonly children: readonly (NodeRef | undefined)[]
}

/** A decoded node of a Merkle Patricia trie. Never edited once it is in a store. */
export type TrieNode = LeafNode | ExtensionNode | BranchNode

/** How a node names its child: by 32-byte hash, or the child itself where its RLP is shorter than a hash. */
export type NodeRef = Uint8Array | TrieNode

const TERMINATOR = 0x20

function fail(message: string): never {
  throw new AppError<TrieNodeErrorCode>('TRIE_NODE_INVALID', { message: `trie node: ${message}`, severity: 'critical' })
}

/** The nibble of a hex key at a depth. */
export function nibbleAt(key: Hex, depth: number): number {
  const code = key.charCodeAt(depth + 2)
  return code < 58 ? code - 48 : code - 87
}

/** The nibbles of a hex key from `from` up to `to`. */
export function keyNibbles(key: Hex, from: number, to: number = key.length - 2): Uint8Array {
  const out = new Uint8Array(to - from)
  for (let i = 0; i < out.length; i++) out[i] = nibbleAt(key, from + i)
  return out
}

/** Nibbles as hex digits, without 0x. */
export function nibblesToDigits(nibbles: Uint8Array): string {
  let out = ''
  for (const nibble of nibbles) out += nibble.toString(16)
  return out
}

/** How many nibbles of `path` the key shares from `depth` on. */
export function sharedNibbles(path: Uint8Array, key: Hex, depth: number): number {
  let shared = 0
  while (shared < path.length && path[shared] === nibbleAt(key, depth + shared)) shared++
  return shared
}

function decodePath(bytes: Uint8Array): { leaf: boolean; path: Uint8Array } {
  const first = bytes[0]
  if (first === undefined || first >= 0x40) fail('bad path prefix')
  const odd = (first & 0x10) !== 0
  if (!odd && (first & 0x0f) !== 0) fail('bad path padding')
  const path = new Uint8Array(bytes.length * 2 - (odd ? 1 : 2))
  let at = 0
  if (odd) path[at++] = first & 0x0f
  for (let i = 1; i < bytes.length; i++) {
    const byte = bytes[i] as number
    path[at++] = byte >> 4
    path[at++] = byte & 0x0f
  }
  return { leaf: (first & TERMINATOR) !== 0, path }
}

function decodeRef(item: RlpItem): NodeRef | undefined {
  if (!(item instanceof Uint8Array)) return fromItem(item)
  if (item.length === 32) return item
  if (item.length === 0) return undefined
  fail(`child reference of ${item.length} bytes`)
}

function fromItem(item: RlpItem): TrieNode {
  if (item instanceof Uint8Array) fail('not a list')
  if (item.length === 17) {
    const children: (NodeRef | undefined)[] = []
    for (let i = 0; i < 16; i++) children.push(decodeRef(item[i] as RlpItem))
    if ((item[16] as Uint8Array).length !== 0) fail('branch with a value')
    return { kind: 'branch', children }
  }
  const [head, tail] = item
  if (item.length !== 2 || !(head instanceof Uint8Array)) fail(`list of ${item.length}`)
  const { leaf, path } = decodePath(head)
  if (leaf) {
    if (!(tail instanceof Uint8Array)) fail('leaf value is a list')
    return { kind: 'leaf', path, value: tail }
  }
  const child = decodeRef(tail as RlpItem)
  if (child === undefined || path.length === 0) fail('empty extension')
  return { kind: 'extension', path, child }
}

/**
 * Decodes a node. Hashes and values are views into `raw`.
 * @throws AppError TRIE_NODE_INVALID or RLP_INVALID
 */
export function decodeNode(raw: Uint8Array): TrieNode {
  return fromItem(decodeRlp(raw))
}

function headSize(length: number): number {
  if (length <= 55) return 1
  return length < 0x100 ? 2 : length < 0x10000 ? 3 : 4
}

function writeHead(out: Uint8Array, at: number, length: number, base: number): number {
  const size = headSize(length) - 1
  if (size === 0) {
    out[at] = base + length
    return at + 1
  }
  out[at] = base + 55 + size
  for (let i = size, rest = length; i > 0; i--, rest >>= 8) out[at + i] = rest & 0xff
  return at + 1 + size
}

function pathSize(path: Uint8Array): number {
  // One byte of flags and first nibble stands for itself; more need a string head (never above 55 bytes: keys are 32).
  const bytes = (path.length >> 1) + 1
  return bytes === 1 ? 1 : bytes + headSize(bytes)
}

function writePath(out: Uint8Array, at: number, path: Uint8Array, flag: number): number {
  const bytes = (path.length >> 1) + 1
  let next = bytes === 1 ? at : writeHead(out, at, bytes, 0x80)
  let from = 0
  if (path.length % 2 === 1) {
    out[next++] = flag | 0x10 | (path[0] as number)
    from = 1
  } else out[next++] = flag
  for (; from < path.length; from += 2) out[next++] = ((path[from] as number) << 4) | (path[from + 1] as number)
  return next
}

function valueSize(value: Uint8Array): number {
  return value.length === 1 && (value[0] as number) < 0x80 ? 1 : value.length + headSize(value.length)
}

function writeValue(out: Uint8Array, at: number, value: Uint8Array): number {
  if (value.length === 1 && (value[0] as number) < 0x80) {
    out[at] = value[0] as number
    return at + 1
  }
  const next = writeHead(out, at, value.length, 0x80)
  out.set(value, next)
  return next + value.length
}

/** A child as it stands inside its parent: an RLP string of its hash, its own RLP, or nothing. */
function refBytes(ref: NodeRef | undefined): Uint8Array {
  if (ref === undefined) return EMPTY_BYTES
  return ref instanceof Uint8Array ? ref : encodeNode(ref)
}

function writeRef(out: Uint8Array, at: number, ref: NodeRef | undefined, bytes: Uint8Array): number {
  if (ref === undefined) {
    out[at] = 0x80
    return at + 1
  }
  let next = at
  if (ref instanceof Uint8Array) out[next++] = 0xa0
  out.set(bytes, next)
  return next + bytes.length
}

function refSize(ref: NodeRef | undefined, bytes: Uint8Array): number {
  return bytes.length + (ref === undefined || ref instanceof Uint8Array ? 1 : 0)
}

/** The RLP of a node: what its hash is taken over. */
export function encodeNode(node: TrieNode): Uint8Array {
  if (node.kind === 'branch') {
    const parts = node.children.map(refBytes)
    let body = 1
    for (let i = 0; i < 16; i++) body += refSize(node.children[i], parts[i] as Uint8Array)
    const out = new Uint8Array(body + headSize(body))
    let at = writeHead(out, 0, body, 0xc0)
    for (let i = 0; i < 16; i++) at = writeRef(out, at, node.children[i], parts[i] as Uint8Array)
    out[at] = 0x80
    return out
  }
  if (node.kind === 'leaf') {
    const body = pathSize(node.path) + valueSize(node.value)
    const out = new Uint8Array(body + headSize(body))
    writeValue(out, writePath(out, writeHead(out, 0, body, 0xc0), node.path, TERMINATOR), node.value)
    return out
  }
  const child = refBytes(node.child)
  const body = pathSize(node.path) + refSize(node.child, child)
  const out = new Uint8Array(body + headSize(body))
  writeRef(out, writePath(out, writeHead(out, 0, body, 0xc0), node.path, 0), node.child, child)
  return out
}
