import type { Hash, Hex } from '../../../src/primitives/hex.ts'
import type { GethProcess } from './geth-process.ts'

type Json = Readonly<Record<string, unknown>>

interface BadBlock {
  readonly hash: Hash
  readonly rlp: Hex
  readonly block: { readonly transactions: readonly Json[] }
}

interface Trace {
  readonly txHash: Hash
  readonly result?: Json & { readonly gasUsed: Hex; readonly error?: string }
}

/**
 * Runs a block that op-geth has refused once more, and says where it differs from what the service has seen: the first
 * transaction with other gas or another outcome, with op-geth's trace and its last steps.
 * @param results receipts as the service gave them
 */
export async function explainRefusal(el: GethProcess, results: readonly Json[]): Promise<string> {
  const [bad] = await el.rpc.call<BadBlock[]>('debug_getBadBlocks')
  if (bad === undefined) return 'op-geth remembers no bad block'
  const traces = await el.rpc.call<Trace[]>('debug_traceBlock', [bad.rlp, { tracer: 'callTracer' }])
  for (const [index, { txHash, result }] of traces.entries()) {
    const ours = results.find(({ transactionHash }) => transactionHash === txHash)
    if (ours === undefined || result === undefined) continue
    const failed = result.error !== undefined
    if (BigInt(ours.gasUsed as Hex) === BigInt(result.gasUsed) && failed === (ours.status === '0x0')) continue
    const steps = await el.rpc.call<{ result: { structLogs: Json[] } }[]>('debug_traceBlock', [
      bad.rlp,
      { enableMemory: false, disableStorage: true },
    ])
    const last = steps[index]?.result.structLogs.slice(-6).map((step) => JSON.stringify(step))
    return [
      `transaction ${index} of ${bad.hash}`,
      `here: ${JSON.stringify({ ...ours, logsBloom: undefined })}`,
      `op-geth: ${JSON.stringify(result)}`,
      ...(last ?? []),
      JSON.stringify(bad.block.transactions[index]),
    ].join('\n')
  }
  return `every transaction of ${bad.hash} has the same gas and outcome`
}
