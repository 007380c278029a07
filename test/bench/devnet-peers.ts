import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Other development chains, in the versions that are measured. */
const PACKAGES = { anvil: '@foundry-rs/anvil@1.7.1', edr: '@nomicfoundation/edr@0.22.0' } as const

/** A program of {@link PACKAGES}. */
export type DevnetPeer = keyof typeof PACKAGES

function packageName(peer: DevnetPeer): string {
  return PACKAGES[peer].replace(/@[^@]*$/, '')
}

/** Where npm puts them: a cache folder of the user, a folder for each version. */
function folderOf(peer: DevnetPeer): string {
  return join(homedir(), '.cache', 'op-sequencer', 'bench', PACKAGES[peer].replaceAll(/[/@]+/g, '-').slice(1))
}

function platformPackage(folder: string): string {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch
  return join(folder, 'node_modules', '@foundry-rs', `anvil-${process.platform}-${arch}`, 'bin', 'anvil')
}

/**
 * The path of a program, or of a module; it is installed when it is not there.
 * @throws Error that says why it cannot be had
 */
export function devnetPeer(peer: DevnetPeer): string {
  const folder = folderOf(peer)
  const path = peer === 'anvil' ? platformPackage(folder) : join(folder, 'node_modules', packageName(peer), 'index.js')
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n')
  const { status, stderr } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--silent', PACKAGES[peer]], {
    cwd: folder,
    encoding: 'utf8',
  })
  if (status === 0 && existsSync(path)) return path
  throw new Error(`npm install ${PACKAGES[peer]} brought no ${path}: ${stderr}`)
}
