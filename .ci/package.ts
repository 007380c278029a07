/**
 * What is published, as its users meet it: `node .ci/package.ts`, after a build. The packed tarball is put into a folder of
 * its own; there its examples run, its command answers, its types check with both kinds of resolution, and everything but
 * `op-sequencer/viem` works where viem is not installed.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const ROOT = dirname(import.meta.dirname)
const MODULES = join(ROOT, 'node_modules')
const LIMIT = 120_000

function run(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, { cwd, encoding: 'utf8', timeout: LIMIT, stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Everything that is installed here, by link, but for the package itself and what is left out. */
function linkModules(into: string, leftOut: readonly string[]): void {
  for (const name of readdirSync(MODULES)) {
    if (!name.startsWith('.') && !leftOut.includes(name)) symlinkSync(join(MODULES, name), join(into, name))
  }
}

/** A folder in which the tarball is installed. */
function install(tarball: string, folder: string, leftOut: readonly string[]): string {
  const own = join(folder, 'node_modules', 'op-sequencer')
  mkdirSync(own, { recursive: true })
  run('tar', ['-xzf', tarball, '-C', own, '--strip-components=1'], folder)
  linkModules(join(folder, 'node_modules'), leftOut)
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  return own
}

const IMPORTS = `
import { createSequencer } from 'op-sequencer'
import { createDevnet } from 'op-sequencer/test'
`

const TYPED = `${IMPORTS}
import { IncludeError, testSequencerActions } from 'op-sequencer/viem'
import { createTestClient, http } from 'viem'
await using devnet = await createDevnet({ chains: [901], manual: true, fork: 'jovian' })
const op = createTestClient({ transport: http(devnet.chains[0].url), mode: 'anvil' }).extend(testSequencerActions())
const job = await op.openJob({ parent: 'latest', timestamp: 5n })
const gas: bigint = (await job.includeRaw('0x02')).gasUsed
const hash: string = (await job.seal()).block.hash
export { createSequencer, gas, hash, IncludeError }
`

const WITHOUT_VIEM = `${IMPORTS}
const devnet = await createDevnet({ manual: true })
const id = await devnet.l1.request({ method: 'eth_chainId' })
await devnet.close()
const refused = await import('op-sequencer/viem').catch((error) => error.code)
if (typeof createSequencer !== 'function' || id !== '0x384' || refused !== 'ERR_MODULE_NOT_FOUND') throw refused
`

const folder = mkdtempSync(join(tmpdir(), 'op-sequencer-package-'))
try {
  const packed = run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], ROOT)
  const [{ filename, size, entryCount }] = JSON.parse(packed) as [
    { filename: string; size: number; entryCount: number },
  ]
  const tarball = join(folder, filename)
  process.stdout.write(`${filename}: ${entryCount} files, ${(size / 1e6).toFixed(2)} MB\n`)

  const user = join(folder, 'user')
  const own = install(tarball, user, [])
  cpSync(join(own, 'examples'), join(user, 'examples'), { recursive: true })
  for (const name of readdirSync(join(user, 'examples')).filter((file) => file.endsWith('.js'))) {
    // What asks for a node's address is run by tests that have a node.
    if (/process\.env/.test(readFileSync(join(user, 'examples', name), 'utf8'))) continue
    process.stdout.write(`examples/${name}: ${run(process.execPath, [name], join(user, 'examples')).split('\n')[0]}\n`)
  }
  const version = run(process.execPath, [join(own, 'bin', 'op-sequencer.js'), '--version'], user)
  process.stdout.write(`op-sequencer --version: ${version}`)

  writeFileSync(join(user, 'types.ts'), TYPED)
  for (const [module, resolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ] as const) {
    const lib = ['--target', 'es2024', '--lib', 'es2024,esnext.disposable,dom', '--types', 'node']
    const how = ['--module', module, '--moduleResolution', resolution, '--strict', '--noEmit', ...lib]
    run(process.execPath, [join(MODULES, 'typescript', 'bin', 'tsc'), ...how, 'types.ts'], user)
    process.stdout.write(`types: ${resolution}\n`)
  }

  const plain = join(folder, 'plain')
  install(tarball, plain, ['viem'])
  writeFileSync(join(plain, 'without-viem.js'), WITHOUT_VIEM)
  run(process.execPath, ['without-viem.js'], plain)
  process.stdout.write('without viem\n')
} finally {
  rmSync(folder, { recursive: true })
}
