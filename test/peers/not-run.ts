/** Says how many peer tests `npm test` left out: `node test/peers/not-run.ts`. Collects them without running any. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
const listed = execFileSync(process.execPath, [vitest, 'list', '--project', 'peers', '--json'], {
  encoding: 'utf8',
  maxBuffer: 64 << 20,
})
const { length } = JSON.parse(listed) as readonly unknown[]
process.stdout.write(`${length} peer tests were not run: they need Go; "npm run test:peers" runs them\n`)
