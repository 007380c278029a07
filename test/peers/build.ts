/**
 * Builds the programs that the peer tests run against, from the Go module proxy into a cache folder. What is there in
 * the wanted version stays. Run it with `node test/peers/build.ts [name…]`.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { peersFolder } from './support/peers-folder.ts'

const GETH_VERSION = 'v1.16.8'

interface Peer {
  readonly name: string
  /** The package with its `main`. */
  readonly pkg: string
  /** The folder of `go/` whose go.mod pins the version; absent where {@link version} does. */
  readonly module?: string
  readonly version?: string
  /** A folder below that of {@link module} with its source, where that is part of this repository. */
  readonly source?: string
}

const optimism = (name: string): Peer => ({
  name,
  pkg: `github.com/ethereum-optimism/optimism/${name}/cmd`,
  module: 'optimism',
})

const PEERS: readonly Peer[] = [
  { name: 'geth', pkg: 'github.com/ethereum/go-ethereum/cmd/geth', version: GETH_VERSION },
  { name: 'op-geth', pkg: 'github.com/ethereum/go-ethereum/cmd/geth', module: 'op-geth' },
  optimism('op-node'),
  optimism('op-batcher'),
  optimism('op-conductor'),
  optimism('op-test-sequencer'),
  optimism('op-interop-filter'),
  optimism('op-supervisor'),
  {
    name: 'test-sequencer-client',
    pkg: './test-sequencer-client',
    module: 'optimism',
    source: 'test-sequencer-client',
  },
  { name: 'op-node-managed', pkg: './op-node-managed', module: 'optimism', source: 'op-node-managed' },
  { name: 'log-db', pkg: './log-db', module: 'optimism', source: 'log-db' },
]

function moduleFolder(name: string): string {
  return fileURLToPath(new URL(`./go/${name}`, import.meta.url))
}

/** What a binary was made from: another go.mod gives another stamp. */
function stamp(peer: Peer): string {
  if (peer.module === undefined) return `${peer.pkg}@${peer.version}\n`
  const hash = createHash('sha256')
  const sources = peer.source === undefined ? [] : [join(peer.source, 'main.go')]
  for (const file of ['go.mod', 'go.sum', ...sources]) hash.update(readFileSync(join(moduleFolder(peer.module), file)))
  return `${peer.pkg} ${hash.digest('hex')}\n`
}

/** Runs the Go tool with its output on stderr; resolves to whether it succeeded. */
function go(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('go', args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 2, 2] })
    child.once('error', (error) => {
      process.stderr.write(`go: ${error.message}\n`)
      resolve(false)
    })
    child.once('exit', (code) => resolve(code === 0))
  })
}

async function compile(peer: Peer, folder: string): Promise<boolean> {
  const staging = join(folder, `.staging-${peer.name}-${process.pid}`)
  mkdirSync(staging, { recursive: true })
  try {
    let built: string
    if (peer.module === undefined) {
      // `go install package@version` pins everything by the version's own go.mod: there is none to commit here.
      built = join(staging, peer.pkg.slice(peer.pkg.lastIndexOf('/') + 1))
      const args = ['install', '-buildvcs=false', `${peer.pkg}@${peer.version}`]
      if (!(await go(args, folder, { GOBIN: staging }))) return false
    } else {
      built = join(staging, peer.name)
      const args = ['build', '-mod=readonly', '-buildvcs=false', '-o', built, peer.pkg]
      if (!(await go(args, moduleFolder(peer.module)))) return false
    }
    // The rename is atomic: a build that was cut off leaves no half binary under the final name.
    renameSync(built, join(folder, peer.name))
    return true
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

async function main(wanted: readonly string[]): Promise<number> {
  const folder = peersFolder()
  mkdirSync(folder, { recursive: true })
  const unknown = wanted.filter((name) => !PEERS.some((peer) => peer.name === name))
  if (unknown.length > 0) {
    process.stderr.write(`unknown peer: ${unknown.join(', ')}\n`)
    return 2
  }
  const failed: string[] = []
  for (const peer of PEERS) {
    if (wanted.length > 0 && !wanted.includes(peer.name)) continue
    const versionFile = join(folder, `${peer.name}.version`)
    const want = stamp(peer)
    if (existsSync(join(folder, peer.name)) && existsSync(versionFile) && readFileSync(versionFile, 'utf8') === want) {
      process.stdout.write(`${peer.name}: up to date\n`)
      continue
    }
    const start = performance.now()
    const ok = await compile(peer, folder)
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    if (ok) writeFileSync(versionFile, want)
    else failed.push(peer.name)
    process.stdout.write(`${peer.name}: ${ok ? 'built' : 'FAILED'} in ${seconds} s\n`)
  }
  if (failed.length > 0) process.stderr.write(`could not build: ${failed.join(', ')}\n`)
  return failed.length > 0 ? 1 : 0
}

process.exitCode = await main(process.argv.slice(2))
