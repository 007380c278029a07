#!/usr/bin/env node
// Plain JavaScript that old versions of Node can read: it finds a Node that can run the rest.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import nodeModule, { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MIN_MAJOR = 22
const MIN_MINOR = 12
const [major, minor] = process.versions.node.split('.').map(Number)
const isSupported = major > MIN_MAJOR || (major === MIN_MAJOR && minor >= MIN_MINOR)

function bundledNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json')
    const binary = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(binary) ? binary : undefined
  } catch {
    return undefined
  }
}

function relaunch(binary) {
  // The channel tells the child when this process is gone, however it ended.
  const child = spawn(binary, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, OP_SEQUENCER_LAUNCHED: '1' },
  })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`op-sequencer: cannot start ${binary}: ${error.message}\n`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128)
    process.exit()
  })
}

/** What was compiled once is not compiled again in the next process. Where the folder cannot be written it is left at that. */
function cacheCompiledCode() {
  nodeModule.enableCompileCache?.(
    join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'op-sequencer', 'compiled'),
  )
}

async function start() {
  const main = new URL('../dist/src/main.js', import.meta.url)
  if (!existsSync(main)) {
    process.stderr.write('op-sequencer: not built yet: run "npm run build"\n')
    process.exitCode = 1
    return
  }
  if (process.env.OP_SEQUENCER_LAUNCHED === '1' && process.channel) {
    process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
    process.channel.unref()
  }
  cacheCompiledCode()
  await import(main.href)
}

const binary = isSupported ? undefined : bundledNode()
if (isSupported) await start()
else if (binary !== undefined && process.env.OP_SEQUENCER_LAUNCHED !== '1') relaunch(binary)
else {
  process.stderr.write(
    `op-sequencer: needs Node ${MIN_MAJOR}.${MIN_MINOR} or later; this is ${process.versions.node}\n`,
  )
  process.exitCode = 1
}
