/** Writes the pages that are made of code: `npm run docs:rpc`. */
import { writeFileSync } from 'node:fs'
import { RPC_PAGE, renderRpcPage } from './rpc-page.ts'

writeFileSync(RPC_PAGE, renderRpcPage())
process.stdout.write(`${RPC_PAGE}\n`)
