import { readFileSync } from 'node:fs'
import type { GethProcess } from './geth-process.ts'
import type { Genesis } from './l1-genesis.ts'
import { type OpGethOptions, startOpGeth } from './op-geth.ts'
import { type L1ForNode, type OpNode, type OpNodeOptions, startOpNode } from './op-node.ts'

/** What of a stack others that follow its chain need. */
export interface Followed {
  readonly folder: OpGethOptions['folder']
  readonly l1: L1ForNode
  readonly el: Pick<GethProcess, 'genesisFile'>
  readonly rollupFile: string
}

/** Starts an op-geth on the genesis of another one. */
export function startTwinEl(
  { folder, el }: Pick<Followed, 'folder' | 'el'>,
  options: Omit<OpGethOptions, 'folder' | 'genesis'> & { readonly name: string },
): Promise<GethProcess> {
  const genesis = JSON.parse(readFileSync(el.genesisFile, 'utf8')) as Genesis
  return startOpGeth({ ...options, folder, genesis })
}

/** An op-node that follows a chain, and the op-geth that it drives. */
export interface Verifier extends AsyncDisposable {
  readonly el: GethProcess
  readonly node: OpNode
}

/** Starts both on fresh data folders. @param options `name` is "verifier" when left out */
export async function startVerifier(
  followed: Followed,
  options: Pick<OpNodeOptions, 'name' | 'p2p' | 'flags' | 'sequencer'> = {},
): Promise<Verifier> {
  const { name = 'verifier' } = options
  const { folder, l1, rollupFile } = followed
  await using stack = new AsyncDisposableStack()
  const el = stack.use(await startTwinEl(followed, { name: `${name}-geth` }))
  const node = stack.use(await startOpNode({ ...options, name, folder, l1, el, rollupFile }))
  const owned = stack.move()
  return { el, node, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
