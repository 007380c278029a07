import { bytesToHex, equalBytes, type Hash, hexToBytes } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, keccak256 } from '../primitives/keccak.ts'
import type { NodeReader, StoredNode } from './node-store.ts'
import {
  type BranchNode,
  type ExtensionNode,
  encodeNode,
  keyNibbles,
  type LeafNode,
  type NodeRef,
  nibbleAt,
  nibblesToDigits,
  sharedNibbles,
  type TrieNode,
} from './trie-node.ts'

/** A node that a walk needed and the store does not have. */
export interface TrieMiss {
  /** From the root to the node, as hex digits without 0x. */
  readonly path: string
  readonly hash: Hash
  /**
   * The changed keys (hashed) that lead through it. Empty for the sibling of a deletion: what remains of a fork that
   * lost all its other branches, and has to be merged into its parent.
   */
  readonly keys: readonly Hash[]
}

/** What a key leads to. */
export type TrieLookup =
  | { readonly tag: 'value'; readonly value: Uint8Array }
  | { readonly tag: 'absent' }
  | { readonly tag: 'missing'; readonly miss: TrieMiss }

/** New values of a trie by hashed key; null removes the key. */
export type TrieChanges = ReadonlyMap<Hash, Uint8Array | null>

/** A trie after changes, or every node that has to be known first. */
export type TrieUpdate =
  | { readonly tag: 'root'; readonly root: Hash; readonly newNodes: ReadonlyMap<Hash, StoredNode> }
  | { readonly tag: 'missing'; readonly misses: readonly TrieMiss[] }

const ABSENT: TrieLookup = { tag: 'absent' }

/**
 * Looks a key up.
 * @param key the hashed key; any hex of even length, as long as no key of the trie is a prefix of another
 */
export function getFromTrie(nodes: NodeReader, root: Hash, key: Hash): TrieLookup {
  if (root === EMPTY_TRIE_ROOT) return ABSENT
  let hash = root
  let node = nodes.node(hash)
  for (let depth = 0; ; ) {
    if (node === undefined) {
      return { tag: 'missing', miss: { path: key.slice(2, 2 + depth), hash, keys: [key] } }
    }
    let ref: NodeRef | undefined
    if (node.kind === 'leaf') {
      const whole =
        node.path.length === key.length - 2 - depth && sharedNibbles(node.path, key, depth) === node.path.length
      return whole ? { tag: 'value', value: node.value } : ABSENT
    }
    if (node.kind === 'extension') {
      if (sharedNibbles(node.path, key, depth) < node.path.length) return ABSENT
      depth += node.path.length
      ref = node.child
    } else {
      ref = node.children[nibbleAt(key, depth)]
      depth++
    }
    if (ref === undefined) return ABSENT
    if (ref instanceof Uint8Array) {
      hash = bytesToHex(ref)
      node = nodes.node(hash)
    } else node = ref
  }
}

interface Change {
  readonly key: Hash
  readonly value: Uint8Array | null
}

/** The subtree cannot be known before a miss is filled. */
const UNRESOLVED = Symbol('unresolved')
/** The subtree stays as it is. */
const UNCHANGED = Symbol('unchanged')
/** A subtree after changes; undefined when nothing is left of it. */
type Result = TrieNode | undefined | typeof UNRESOLVED | typeof UNCHANGED

function joinPath(head: Uint8Array | readonly number[], tail: Uint8Array): Uint8Array {
  const out = new Uint8Array(head.length + tail.length)
  out.set(head)
  out.set(tail, head.length)
  return out
}

/**
 * One pass over a trie. Every node on the way of a change is visited once, with all changes below it, and a fork decides
 * whether it collapses only when all of them are applied: that needs no sibling that the final trie does not need.
 */
class TriePass {
  readonly misses: TrieMiss[] = []
  readonly newNodes = new Map<Hash, StoredNode>()
  readonly #nodes: NodeReader
  readonly #hash: boolean

  constructor(nodes: NodeReader, hash: boolean) {
    this.#nodes = nodes
    this.#hash = hash
  }

  /** Applies sorted changes, all of which share the first `depth` nibbles, to the subtree at a reference. */
  apply(ref: NodeRef | undefined, depth: number, changes: readonly Change[]): Result {
    if (!(ref instanceof Uint8Array)) return this.#applyNode(ref, depth, changes)
    const hash = bytesToHex(ref)
    const node = this.#nodes.node(hash)
    if (node !== undefined) return this.#applyNode(node, depth, changes)
    const path = (changes[0] as Change).key.slice(2, 2 + depth)
    return this.#miss({ path, hash, keys: changes.map(({ key }) => key) })
  }

  /** Hashes a finished node, unless it is to be embedded in its parent. */
  seal(node: TrieNode): NodeRef {
    if (!this.#hash || this.misses.length > 0) return node
    const raw = encodeNode(node)
    return raw.length < 32 ? node : this.#add(raw, node)
  }

  /** Hashes the root, whatever its size. */
  sealRoot(node: TrieNode): Hash {
    return bytesToHex(this.#add(encodeNode(node), node))
  }

  #add(raw: Uint8Array, node: TrieNode): Uint8Array {
    const hash = keccak256(raw)
    this.newNodes.set(bytesToHex(hash), { raw, node })
    return hash
  }

  #miss(miss: TrieMiss): typeof UNRESOLVED {
    this.misses.push(miss)
    return UNRESOLVED
  }

  #applyNode(node: TrieNode | undefined, depth: number, changes: readonly Change[]): Result {
    if (node === undefined) {
      const upserts = changes.filter(({ value }) => value !== null)
      return upserts.length === 0 ? UNCHANGED : this.#build(upserts, depth)
    }
    switch (node.kind) {
      case 'leaf':
        return this.#applyLeaf(node, depth, changes)
      case 'extension':
        return this.#applyExtension(node, depth, changes)
      case 'branch':
        return this.#applyBranch(node, depth, changes)
    }
  }

  #applyLeaf(leaf: LeafNode, depth: number, changes: readonly Change[]): Result {
    const prefix = (changes[0] as Change).key.slice(0, 2 + depth)
    const own = `${prefix}${nibblesToDigits(leaf.path)}` as Hash
    const entries: Change[] = []
    let changed = false
    let kept: Change | undefined = { key: own, value: leaf.value }
    for (const change of changes) {
      if (kept !== undefined && change.key >= own) {
        if (change.key > own) entries.push(kept)
        else if (change.value === null || !equalBytes(change.value, leaf.value)) changed = true
        kept = undefined
      }
      if (change.value === null) continue
      entries.push(change)
      if (change.key !== own) changed = true
    }
    if (kept !== undefined) entries.push(kept)
    if (!changed) return UNCHANGED
    return entries.length === 0 ? undefined : this.#build(entries, depth)
  }

  #applyExtension(extension: ExtensionNode, depth: number, changes: readonly Change[]): Result {
    const { path, child } = extension
    let split = path.length
    for (const { key, value } of changes) {
      if (value !== null) split = Math.min(split, sharedNibbles(path, key, depth))
    }
    // Removals that leave the path before the fork name keys that are not in the trie.
    const inside = changes.filter(({ key }) => sharedNibbles(path, key, depth) >= split)
    if (inside.length === 0) return UNCHANGED
    let result: Result
    if (split === path.length) result = this.apply(child, depth + split, inside)
    else {
      const children: (NodeRef | undefined)[] = new Array(16).fill(undefined)
      children[path[split] as number] =
        split + 1 === path.length ? child : { kind: 'extension', path: path.subarray(split + 1), child }
      result = this.#applyChildren(children, depth + split, inside)
    }
    if (typeof result === 'symbol' || result === undefined) return result
    return this.#prepend(path.subarray(0, split), result)
  }

  #applyBranch(branch: BranchNode, depth: number, changes: readonly Change[]): Result {
    return this.#applyChildren(branch.children, depth, changes)
  }

  #applyChildren(before: readonly (NodeRef | undefined)[], depth: number, changes: readonly Change[]): Result {
    const children = before.slice()
    let changed = false
    let unresolved = false
    for (let from = 0; from < changes.length; ) {
      const nibble = nibbleAt((changes[from] as Change).key, depth)
      let to = from + 1
      while (to < changes.length && nibbleAt((changes[to] as Change).key, depth) === nibble) to++
      const result = this.apply(children[nibble], depth + 1, changes.slice(from, to))
      if (result === UNRESOLVED) unresolved = true
      else if (result !== UNCHANGED) {
        children[nibble] = result
        changed = true
      }
      from = to
    }
    if (unresolved) return UNRESOLVED
    if (!changed) return UNCHANGED
    let count = 0
    let last = 0
    for (let i = 0; i < 16; i++) {
      if (children[i] === undefined) continue
      count++
      last = i
    }
    if (count === 0) return undefined
    if (count === 1) return this.#collapse(children[last] as NodeRef, last, (changes[0] as Change).key, depth)
    for (let i = 0; i < 16; i++) {
      const child = children[i]
      if (child !== undefined && !(child instanceof Uint8Array)) children[i] = this.seal(child)
    }
    return { kind: 'branch', children }
  }

  /** What a fork at `depth` becomes when one child is left. */
  #collapse(ref: NodeRef, nibble: number, anyKey: Hash, depth: number): Result {
    if (!(ref instanceof Uint8Array)) return this.#prepend([nibble], ref)
    const hash = bytesToHex(ref)
    const node = this.#nodes.node(hash)
    if (node?.kind === 'branch' || (node === undefined && this.#nodes.isBranch(hash))) {
      return { kind: 'extension', path: Uint8Array.of(nibble), child: ref }
    }
    if (node !== undefined) return this.#prepend([nibble], node)
    return this.#miss({ path: anyKey.slice(2, 2 + depth) + nibble.toString(16), hash, keys: [] })
  }

  #prepend(path: Uint8Array | readonly number[], node: TrieNode): TrieNode {
    if (path.length === 0) return node
    switch (node.kind) {
      case 'leaf':
        return { kind: 'leaf', path: joinPath(path, node.path), value: node.value }
      case 'extension':
        return { kind: 'extension', path: joinPath(path, node.path), child: node.child }
      case 'branch':
        return { kind: 'extension', path: Uint8Array.from(path), child: this.seal(node) }
    }
  }

  /** The subtree of sorted entries, all of which share the first `depth` nibbles. */
  #build(entries: readonly Change[], depth: number): TrieNode {
    const first = entries[0] as Change
    if (entries.length === 1) {
      return { kind: 'leaf', path: keyNibbles(first.key, depth), value: first.value as Uint8Array }
    }
    const last = (entries.at(-1) as Change).key
    let fork = depth
    while (nibbleAt(first.key, fork) === nibbleAt(last, fork)) fork++
    const children: (NodeRef | undefined)[] = new Array(16).fill(undefined)
    for (let from = 0; from < entries.length; ) {
      const nibble = nibbleAt((entries[from] as Change).key, fork)
      let to = from + 1
      while (to < entries.length && nibbleAt((entries[to] as Change).key, fork) === nibble) to++
      children[nibble] = this.seal(this.#build(entries.slice(from, to), fork + 1))
      from = to
    }
    return this.#prepend(keyNibbles(first.key, depth, fork), { kind: 'branch', children })
  }
}

function sortedChanges(changes: Iterable<readonly [Hash, Uint8Array | null]>): Change[] {
  const list: Change[] = []
  for (const [key, value] of changes) list.push({ key, value })
  return list.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}

/**
 * Applies changes to a trie. Nothing that is stored is edited: the new nodes are returned, for the caller to merge into
 * the store. When nodes are missing, all that this pass could find out are reported at once; call again with them.
 * @param options.hash false to find misses only: the returned root is then meaningless
 */
export function updateTrie(
  nodes: NodeReader,
  root: Hash,
  changes: TrieChanges,
  options: { readonly hash?: boolean } = {},
): TrieUpdate {
  const pass = new TriePass(nodes, options.hash ?? true)
  const sorted = sortedChanges(changes)
  if (sorted.length === 0) return { tag: 'root', root, newNodes: pass.newNodes }
  const result = pass.apply(root === EMPTY_TRIE_ROOT ? undefined : hexToBytes(root), 0, sorted)
  if (pass.misses.length > 0) return { tag: 'missing', misses: pass.misses }
  if (typeof result === 'symbol') return { tag: 'root', root, newNodes: pass.newNodes }
  if (result === undefined) return { tag: 'root', root: EMPTY_TRIE_ROOT, newNodes: pass.newNodes }
  if (options.hash === false) return { tag: 'root', root, newNodes: pass.newNodes }
  return { tag: 'root', root: pass.sealRoot(result), newNodes: pass.newNodes }
}

/**
 * Builds the part of a trie that holds given entries, all of them under one path.
 * @param entries hashed key and value; at least one
 * @param depth nibbles that lead to the part
 * @returns the hash of its top node, and its nodes. A top node that is too small to be hashed has no hash of its own;
 *   it is given here all the same.
 */
export function buildSubtree(
  entries: ReadonlyMap<Hash, Uint8Array>,
  depth: number,
): { readonly hash: Hash; readonly newNodes: ReadonlyMap<Hash, StoredNode> } {
  const nothing: NodeReader = { node: () => undefined, isBranch: () => false }
  const pass = new TriePass(nothing, true)
  const result = pass.apply(undefined, depth, sortedChanges(entries))
  return { hash: pass.sealRoot(result as TrieNode), newNodes: pass.newNodes }
}
