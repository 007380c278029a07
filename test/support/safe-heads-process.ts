/** A process of its own: changes a record of safe heads on disk until it is killed, and prints the number of each step that is done. */
import { SafeHeadDb } from '../../src/driver/safe-head-db.ts'
import { LevelStore } from '../../src/storage/level-store.ts'
import { safeHeadsStep } from './safe-heads-steps.ts'

const [folder, first] = process.argv.slice(2) as [string, string]
const db = await SafeHeadDb.open(await LevelStore.open(folder, { sync: true }))
for (let index = Number(first); ; index++) {
  const step = safeHeadsStep(index)
  if (step.tag === 'record') await db.record(step.safe, step.l1, {})
  else await db.truncate(step.safe, {})
  process.stdout.write(`${index}\n`)
}
