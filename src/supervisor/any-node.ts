import type { ManagedNode } from './ports.ts'
import { queryError } from './query-errors.ts'
import type { SupervisedChain } from './view.ts'

/**
 * Asks the nodes of a chain, the next one where one cannot be reached.
 * @throws AppError SUPERVISOR_NO_NODE where there is none; what the last one threw
 */
export async function anyNode<T>({ nodes }: SupervisedChain, ask: (node: ManagedNode) => Promise<T>): Promise<T> {
  let failed: unknown = queryError('SUPERVISOR_NO_NODE')
  for (const node of nodes) {
    try {
      return await ask(node)
    } catch (error) {
      failed = error
      if ((error as { readonly code?: unknown }).code !== 'MANAGED_NODE_GONE') throw error
    }
  }
  throw failed
}
