/** Starts op-geth, says where it is, and waits to be killed: what a test runner looks like to the harness. */
import { atGenesis } from './fork-schedule.ts'
import { l2Genesis } from './l2-genesis.ts'
import { startOpGeth } from './op-geth.ts'
import { TempFolder } from './temp-folder.ts'

await using folder = new TempFolder()
const genesis = await l2Genesis({ timestamp: 1_700_000_000, forks: atGenesis('canyon') })
await using el = await startOpGeth({ folder, genesis })
process.stdout.write(`${JSON.stringify({ pid: el.process.pid, root: folder.root })}\n`)
await new Promise((resolve) => setTimeout(resolve, 60_000))
