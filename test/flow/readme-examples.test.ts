import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { createDevnet } from '../../src/client/devnet.ts'
import { codeBlocks, README } from '../docs/readme.ts'
import { EXAMPLES, LIBRARY_SOURCE, runExample } from '../support/run-example.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const folders: string[] = []

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

/** A folder of somebody who has installed what the page asks for. */
async function installed(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'op-sequencer-readme-'))
  folders.push(folder)
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

describe('the README', () => {
  it('shows an example of the folder, and what it prints', async () => {
    const [script, printed, ...none] = codeBlocks(README, 'One exact block, in five minutes')
    expect([script?.language, printed?.language, none]).toEqual(['js', 'text', []])
    expect(script?.code).toBe(await readFile(`${EXAMPLES}exact-block.js`, 'utf8'))
    expect(await runExample('exact-block.js')).toEqual(printed?.code.trimEnd().split('\n'))
  })

  it('has tests of node:test that pass', async () => {
    const folder = await installed()
    const [suite] = codeBlocks(README, 'Library')
    await writeFile(join(folder, 'blocks.test.js'), suite?.code ?? '')
    const args = ['--import', LIBRARY_SOURCE, '--test', '--test-reporter=tap', 'blocks.test.js']
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: folder,
      env: { PATH: process.env.PATH },
      timeout: 25_000,
    })
    expect(stdout).toMatch(/^# pass 2$/m)
    expect(stdout).toMatch(/^# fail 0$/m)
  })

  it('hosts a configuration', async () => {
    const folder = await installed()
    const [, script, ...none] = codeBlocks(README, 'Library')
    expect(none).toEqual([])
    await using devnet = await createDevnet({ manual: true })
    const { l1, chains } = devnet
    await writeFile(join(folder, 'l1.json'), JSON.stringify(l1.genesis))
    await writeFile(join(folder, 'l2.json'), JSON.stringify(chains[0].genesis))
    await writeFile(join(folder, 'rollup.json'), JSON.stringify(chains[0].rollup))
    await writeFile(
      join(folder, 'op-sequencer.yaml'),
      `
rpc: { port: 0 }
l1: { el: embedded, mode: mock, genesis: l1.json }
chains: [{ name: op-a, rollup: rollup.json, genesis: l2.json, el: embedded }]
`,
    )
    await writeFile(join(folder, 'host.js'), script?.code ?? '')
    const lines = await runExample(join(folder, 'host.js'), {}, folder)
    expect(lines.map((line) => line.split(' ').slice(0, 2))).toEqual([
      ['l1', '900'],
      ['op-a', '901'],
    ])
  })
})
