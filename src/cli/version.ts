import { createRequire } from 'node:module'

const manifest = createRequire(import.meta.url)('op-sequencer/package.json') as { readonly version: string }

/** This package's version. */
export const VERSION: string = manifest.version
