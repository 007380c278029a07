/** Compiles the contracts of the devnet: `node test/contracts/compile.ts`. */
import { writeFileSync } from 'node:fs'
import { CONTRACTS_FILE, renderContracts } from './compile-contracts.ts'

writeFileSync(CONTRACTS_FILE, renderContracts())
process.stdout.write(`${CONTRACTS_FILE}\n`)
