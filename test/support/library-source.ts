/**
 * Preloaded (`node --import`), it has `op-sequencer/…` mean the library's source in place of what was built of it, so that
 * a stale build cannot decide a test.
 */
import { registerHooks } from 'node:module'

const SOURCES: Readonly<Record<string, string>> = {
  'op-sequencer': 'sequencer.ts',
  'op-sequencer/test': 'devnet.ts',
  'op-sequencer/viem': 'viem.ts',
}

registerHooks({
  resolve(specifier, context, next) {
    const source = SOURCES[specifier]
    return next(source === undefined ? specifier : new URL(`../../src/client/${source}`, import.meta.url).href, context)
  },
})
