import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAppError } from '../primitives/errors.ts'
import type { Config } from './config.ts'
import { loadEnsembleConfig } from './load-ensemble.ts'

let folder: string
let files = 0
const OVERRIDES = { rpcHost: '127.0.0.1' }

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'op-sequencer-ensemble-'))
  writeFileSync(join(folder, 'key.txt'), `${'51'.repeat(32)}\n`)
  writeFileSync(join(folder, 'short.txt'), '0x51')
})
afterAll(() => rmSync(folder, { recursive: true }))

function write(text: string): string {
  const file = join(folder, `builders-${files++}.yaml`)
  writeFileSync(file, text)
  return file
}

function load(text: string, config?: string): Config {
  return loadEnsembleConfig({ builders: write(text), admin: false }, config && write(config), OVERRIDES)
}

/** The error lines, with folder and file name cut out. */
function errors(text: string, config?: string): readonly string[] {
  try {
    load(text, config)
  } catch (error) {
    if (!isAppError(error, 'CONFIG_INVALID')) throw error
    return error.message.split('\n').map((line) => line.replace(/^.*builders-\d+\.yaml: /, '').replaceAll(folder, ''))
  }
  throw new Error('expected a refusal')
}

describe("op-test-sequencer's file", () => {
  it('is read with all that it can have', () => {
    const { ensemble, l1, chains, rpc } = load(`
endpoints:
  - &el http://127.0.0.1:9545
  - &cl http://127.0.0.1:9546
builders:
  b1:
    standard:
      l1EL: http://127.0.0.1:8545
      l2EL: *el
      l2CL: *cl
      l1chainconfig:
        chainid: 900
        londonblock: 0
        daoforksupport: true
        cancuntime: 0
        praguetime: 5
        terminaltotaldifficulty: 0
        blobscheduleconfig:
          cancun: { target: 3, max: 6, updatefraction: 3338477 }
          prague: { target: 6, max: 9, updatefraction: 5007716 }
  b2: { noop: {} }
  b3: { noop: }
  b4: { l1: { blocktime: 6 } }
signers:
  s1: { local-key: { chainID: 901, raw: "0x${'52'.repeat(32)}" } }
  s2: { local-key: { chainID: "0x385", path: ${folder}/key.txt } }
  s3: { noop: {} }
committers: { c1: { standard: { rpc: *cl } }, c2: { noop: {} } }
publishers: { p1: { standard: { rpc: *cl } } }
sequencers:
  q1: { full: { chainID: 901, builder: b1, signer: s1, committer: c1, publisher: p1 } }
  q2:
    full: { chainID: 901, builder: b1, sequencerconfdepth: 4, sequencerenabled: true, sequencerstopped: false, sequencermaxsafelag: 9 }
  q3: { noop: {} }
`)
    expect(rpc).toMatchObject({ host: '127.0.0.1', port: 8545 })
    expect(l1).toBeUndefined()
    expect(chains).toEqual([])
    const { builders, signers, committers, publishers, sequencers } = ensemble as NonNullable<typeof ensemble>
    expect(builders.get('b1')).toMatchObject({
      kind: 'standard',
      l2Cl: 'http://127.0.0.1:9546',
      l1ChainConfig: {
        chainId: 900n,
        l1: {
          blockForks: { london: 0n },
          timeForks: { cancun: 0n, prague: 5n },
          blobSchedule: { prague: { target: 6, max: 9, updateFraction: 5_007_716n } },
        },
      },
    })
    expect(['b2', 'b3', 'b4'].map((id) => builders.get(id))).toEqual([
      { kind: 'noop' },
      { kind: 'noop' },
      { kind: 'l1', expected: { blockTime: 6 } },
    ])
    expect(signers.get('s1')).toMatchObject({ chainId: 901n, key: new Uint8Array(32).fill(0x52) })
    expect(signers.get('s2')).toMatchObject({ chainId: 901n, key: new Uint8Array(32).fill(0x51) })
    expect(committers.get('c1')).toEqual({ kind: 'standard', rpc: 'http://127.0.0.1:9546' })
    expect(publishers.size).toBe(1)
    expect(sequencers.get('q1')).toMatchObject({ chainId: 901n, builder: 'b1', signer: 's1', active: false })
    expect(sequencers.get('q2')).toMatchObject({ confDepth: 4, maxSafeLag: 9, active: true, signer: undefined })
    expect(sequencers.get('q3')).toEqual({ kind: 'noop' })
  })

  it('may be empty beside a configuration of chains', () => {
    const { ensemble, l1 } = load('', 'l1: { el: { rpc: http://127.0.0.1:8545 } }')
    expect(ensemble?.builders.size).toBe(0)
    expect(l1?.name).toBe('l1')
  })

  it('is refused with a line for each problem', () => {
    expect(
      errors(`
builders:
  none: {}
  two: { noop: {}, standard: { l1EL: http://a, l2EL: http://a, l2CL: http://a } }
  other: { magic: {} }
  partial: { standard: { l1EL: ws://a, l2EL: http://a, bogus: 1 } }
  l1: { l1: { backend: {} } }
  config: { standard: { l1EL: http://a, l2EL: http://a, l2CL: http://a, l1chainconfig: { pragueTime: 0 } } }
signers:
  both: { local-key: { chainID: 1, raw: "0x11", path: ${folder}/short.txt } }
  neither: { local-key: { chainID: 1 } }
  missing: { local-key: { chainID: 1, path: ${folder}/none.txt } }
committers: { c: { standard: {} } }
sequencers:
  a/b: { noop: {} }
  full: { full: { chainID: x } }
extra: 1
`),
    ).toEqual([
      'builders.config.standard.l1chainconfig.pragueTime: unknown key',
      'builders.config.standard.l1chainconfig: chainId: Invalid input',
      'builders.l1.l1.backend: cannot stand in a file',
      'builders.none: expected one kind: standard, noop, l1',
      'builders.other.magic: unknown kind',
      'builders.partial.standard.bogus: unknown key',
      'builders.partial.standard.l1EL: expected a URL with http or https',
      'builders.partial.standard.l2CL: is required',
      'builders.two: expected one kind: standard, noop, l1',
      'committers.c.standard.rpc: is required',
      'extra: unknown key',
      'sequencers.a/b: expected letters, digits, dots, dashes and underscores: it is part of a URL',
      'sequencers.full.full.builder: is required',
      'sequencers.full.full.chainID: expected a decimal or 0x number',
      'signers.both.local-key.path: /short.txt: expected 32 bytes of hex',
      'signers.both.local-key.raw: expected 32 bytes of 0x hex',
      'signers.missing.local-key.path: /none.txt: no such file',
      'signers.neither.local-key: expected one of path and raw',
    ])
  })

  it('is refused where its parts do not fit', () => {
    expect(
      errors(`
builders: { b: { noop: {} } }
signers: { s: { local-key: { chainID: 902, raw: "0x${'52'.repeat(32)}" } } }
sequencers:
  q: { full: { chainID: 901, builder: c, signer: s, committer: d, publisher: e } }
`),
    ).toEqual([
      'sequencers.q.full.builder: there is no builder "c"',
      'sequencers.q.full.committer: there is no committer "d"',
      'sequencers.q.full.publisher: there is no publisher "e"',
      'sequencers.q.full.signer: it signs for chain 902, but the sequencer is of chain 901',
    ])
  })

  it('is refused together with what stands beside it', () => {
    expect(errors('extra: 1', 'l1: { el: { rpc: nowhere } }')).toEqual([
      'extra: unknown key',
      'l1.el.rpc: expected a URL with http or https',
    ])
    expect(errors('{')[0]).toMatch(/^Flow map/)
    const missing = (): Config =>
      loadEnsembleConfig({ builders: join(folder, 'none'), admin: false }, undefined, OVERRIDES)
    expect(missing).toThrow(/none: no such file$/)
  })

  it('listens where op-test-sequencer does, and asks for a secret then', () => {
    const file = { builders: write(''), admin: false }
    expect(() => loadEnsembleConfig(file, undefined, {})).toThrow(
      'rpc.jwtSecretFile: is required: rpc.host 0.0.0.0 is not loopback',
    )
    const rpcJwtSecretFile = join(folder, 'key.txt')
    const { rpc } = loadEnsembleConfig(file, undefined, { rpcJwtSecretFile })
    expect(rpc).toMatchObject({ host: '0.0.0.0', port: 8545, jwtSecret: new Uint8Array(32).fill(0x51) })
  })
})
