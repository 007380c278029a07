/**
 * The last resort against orphans: a process of its own that holds one end of a pipe from the test runner. When the
 * runner is gone, however it went, the pipe ends and this process ends what is still registered.
 */
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'

const pids = new Set<number>()
const folders = new Set<string>()

for await (const line of createInterface({ input: process.stdin })) {
  const [verb, kind, what] = JSON.parse(line) as ['watch' | 'forget', 'pid' | 'folder', number | string]
  const set: Set<number | string> = kind === 'pid' ? (pids as Set<number | string>) : (folders as Set<number | string>)
  if (verb === 'watch') set.add(what)
  else set.delete(what)
}

for (const pid of pids) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself in the meantime.
  }
}
for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
