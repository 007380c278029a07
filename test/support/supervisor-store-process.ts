/** A process of its own: changes a supervisor's store on disk until it is killed, and prints the number of each step that is done. */
import { openSupervisorStore } from '../../src/supervisor/db/supervisor-store.ts'
import { STORE_CHAINS, supervisorStep } from './supervisor-steps.ts'

const [folder, first] = process.argv.slice(2) as [string, string]
const store = await openSupervisorStore(folder, STORE_CHAINS)
for (let index = Number(first); ; index++) {
  await supervisorStep(store, index)
  process.stdout.write(`${index}\n`)
}
