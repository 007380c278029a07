import { runCli } from './cli/program.ts'
import type { StartNode } from './cli/run.ts'
import type { OpenReplay } from './replay/service.ts'

const stop = new AbortController()
// A second signal changes nothing: the end is bounded anyway, and a launcher and a terminal may both send one.
process.on('SIGTERM', () => stop.abort())
process.on('SIGINT', () => stop.abort())

// Nothing else may hold the process while a node waits for its peers.
const alive = setInterval(() => {}, 60_000)

/** Loaded on demand, because most commands need none of it. */
const startNode: StartNode = async (...parameters) => {
  const node = await import('./node.ts')
  return node.startNode(...parameters)
}

/** On demand, too. */
const openReplay: OpenReplay = async (...parameters) => {
  const service = await import('./replay/service.ts')
  return service.openReplay(...parameters)
}

process.exitCode = await runCli(
  process.argv.slice(2),
  {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    signal: stop.signal,
  },
  { startNode, openReplay },
)

clearInterval(alive)
// What is still open now was left open by mistake; it must not keep the process from ending.
setTimeout(() => process.exit(), 200).unref()
