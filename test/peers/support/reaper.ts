import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

let reaper: ChildProcess | undefined
const livePids = new Set<number>()

function tell(verb: 'watch' | 'forget', kind: 'pid' | 'folder', what: number | string): void {
  if (reaper === undefined) {
    const script = fileURLToPath(new URL('./reaper-process.ts', import.meta.url))
    // Detached, so that a Ctrl-C meant for the runner does not take the reaper with it.
    reaper = spawn(process.execPath, [script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    reaper.unref()
    const pipe = reaper.stdin as unknown as { unref(): void } | null
    pipe?.unref()
    process.once('exit', () => {
      for (const pid of livePids) {
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // Already gone.
        }
      }
    })
  }
  reaper.stdin?.write(`${JSON.stringify([verb, kind, what])}\n`)
}

/** Ends this process when the runner ends, even by SIGKILL. */
export function watchPid(pid: number): void {
  livePids.add(pid)
  tell('watch', 'pid', pid)
}

/** The process has ended: its number may be given to another. */
export function forgetPid(pid: number): void {
  livePids.delete(pid)
  tell('forget', 'pid', pid)
}

/** Removes this folder when the runner ends without having done it. */
export function watchFolder(path: string): void {
  tell('watch', 'folder', path)
}

/** The folder has been removed, or is to be kept. */
export function forgetFolder(path: string): void {
  tell('forget', 'folder', path)
}
