import { execFile } from 'node:child_process'
import { copyFileSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type CodeBlock, codeBlocks, README } from '../docs/readme.ts'
import { user } from './support/dev-accounts.ts'
import { atGenesis } from './support/fork-schedule.ts'
import { freePort } from './support/free-port.ts'
import { type Sealed, type SequencedChain, startSequencedChain, type TxResult } from './support/op-sequencer.ts'
import { PeerProcess } from './support/peer-process.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const blocks = codeBlocks(README, 'Beside an op-geth')

/** The code in one language, in the page's order. */
function code(language: string): string {
  return blocks
    .filter((block: CodeBlock) => block.language === language)
    .map((block) => block.code)
    .join('\n')
}

/** The page's addresses in place of those of a chain. */
function placed(text: string, chain: SequencedChain, port: number): string {
  const { l1, el } = chain
  const places = [
    ['http://127.0.0.1:8645', `http://127.0.0.1:${port}`],
    ['http://127.0.0.1:8545', l1.el.url],
    ['http://127.0.0.1:9545', el.url],
    ['http://127.0.0.1:9551', el.engineUrl],
    ['port: 8645', `port: ${port}`],
  ] as const
  return places.reduce((replaced, [from, to]) => replaced.replaceAll(from, to), text)
}

interface Answer<T> {
  readonly result: T
  readonly error?: { readonly code: number; readonly message: string }
}

describe('the example of the README', () => {
  it('stands in the README', () => {
    expect(blocks.map(({ language }) => language)).toEqual(['yaml', 'sh', 'js', 'sh', 'sh', 'sh', 'sh'])
    expect(parse(code('yaml'))).toMatchObject({ rpc: { port: 8645 }, chains: [{ name: 'op-a' }] })
    expect(code('sh')).toContain(user.privateKey)
  })

  it('makes the block that it says op-geth’s head', async () => {
    await using chain = await startSequencedChain({ forks: () => atGenesis('jovian') })
    const { folder } = chain
    const port = await freePort()
    const file = (name: string, text: string): string => folder.write(name, placed(text, chain, port))
    const configFile = file('op-sequencer.yaml', code('yaml'))
    copyFileSync(chain.l1.configFile, folder.path('l1-genesis.json'))
    expect(chain.el.jwtSecretFile).toBe(folder.path('jwt.hex'))
    expect(chain.rollupFile).toBe(folder.path('rollup.json'))
    file('sign.mjs', code('js'))
    symlinkSync(`${ROOT}/node_modules`, folder.path('node_modules'))

    // The page runs the service in another terminal.
    const [check, run, ...none] = code('sh').matchAll(/^npx op-sequencer (.*)$/gm)
    expect(check?.[1]).toBe('config check --config op-sequencer.yaml')
    expect(run?.[1]).toBe('run --config op-sequencer.yaml')
    expect(none).toEqual([])
    const main = `${ROOT}/src/main.ts`
    const checked = await promisify(execFile)(process.execPath, [main, ...(check?.[1] ?? '').split(' ')], {
      cwd: folder.root,
    })
    expect(checked.stdout).toContain('op-a (901)')
    await using _service = await PeerProcess.start({
      name: 'readme-service',
      program: process.execPath,
      args: [main, 'run', '--config', configFile],
      folder,
      probe: async () => {
        const response = await fetch(`http://127.0.0.1:${port}/readyz`)
        if (response.status !== 200) throw new Error(await response.text())
        return true
      },
    })

    const script = code('sh').replaceAll(/^npx op-sequencer .*$/gm, '')
    const path = `${process.execPath.replace(/\/[^/]*$/, '')}:${process.env.PATH ?? ''}`
    const { stdout } = await promisify(execFile)(
      'bash',
      ['--norc', '-euo', 'pipefail', '-c', placed(script, chain, port)],
      {
        cwd: folder.root,
        env: { PATH: path },
        maxBuffer: 64 << 20,
      },
    )
    const answers = stdout
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as Answer<unknown>)
    expect(answers).toHaveLength(5)
    const [included, refused, inspected, sealed, head] = answers as [
      Answer<TxResult>,
      Answer<never>,
      Answer<{ readonly transactions: readonly { readonly hash: string }[]; readonly stateRoot: string }>,
      Answer<Sealed>,
      Answer<{ readonly hash: string; readonly stateRoot: string }>,
    ]
    expect(included.result.status).toBe('0x1')
    expect(refused.error).toMatchObject({ code: -38512, message: expect.stringMatching(/^nonce too low/) })
    expect(inspected.result.transactions.map(({ hash }) => hash)).toContain(included.result.transactionHash)
    expect(sealed.result.committed).toBe(true)
    expect(head.result.hash).toBe(sealed.result.hash)
    expect(head.result.stateRoot).toBe(inspected.result.stateRoot)
  })
})
