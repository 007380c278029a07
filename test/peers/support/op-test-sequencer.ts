import { unsafeBlockSigner } from './dev-accounts.ts'
import { freePort } from './free-port.ts'
import { JsonRpc } from './json-rpc.ts'
import { L1_CHAIN_ID } from './l1-genesis.ts'
import { L2_CHAIN_ID } from './l2-genesis.ts'
import { PeerProcess } from './peer-process.ts'
import type { TempFolder } from './temp-folder.ts'

/** How to start op-test-sequencer for one L2 chain. */
export interface OpTestSequencerOptions {
  readonly folder: TempFolder
  /** Names its log; "op-test-sequencer" when left out. */
  readonly name?: string
  readonly l1: { readonly url: string }
  readonly el: { readonly url: string }
  /** An op-node with P2P on: publishing answers "P2P not enabled" otherwise. */
  readonly node: { readonly url: string }
  readonly chainId?: number
  readonly flags?: readonly string[]
}

/** A running op-test-sequencer with builder b1, signer s1, committer c1, publisher p1 and sequencer q1. */
export interface OpTestSequencer extends AsyncDisposable {
  readonly process: PeerProcess
  readonly url: string
  /** The configuration that it runs on: JSON, which is YAML. */
  readonly configFile: string
  /** Route `/`: `build_*`. */
  readonly root: JsonRpc
  /** Route `/sequencers/q1`: `sequencer_*`. */
  readonly sequencer: JsonRpc
}

/** op-test-sequencer's configuration file for one chain. */
function testSequencerConfig(options: OpTestSequencerOptions): Record<string, unknown> {
  const { l1, el, node, chainId = L2_CHAIN_ID } = options
  // Undocumented, with lower-cased Go field names; without it sequencer_new dies of a nil pointer.
  const l1chainconfig = {
    chainid: L1_CHAIN_ID,
    londonblock: 0,
    shanghaitime: 0,
    cancuntime: 0,
    praguetime: 0,
    terminaltotaldifficulty: 0,
    blobscheduleconfig: {
      cancun: { target: 3, max: 6, updatefraction: 3_338_477 },
      prague: { target: 6, max: 9, updatefraction: 5_007_716 },
    },
  }
  const parts = { builder: 'b1', signer: 's1', committer: 'c1', publisher: 'p1' }
  return {
    builders: { b1: { standard: { l1EL: l1.url, l2EL: el.url, l2CL: node.url, l1chainconfig } } },
    signers: { s1: { 'local-key': { chainID: chainId, raw: unsafeBlockSigner.privateKey } } },
    committers: { c1: { standard: { rpc: node.url } } },
    publishers: { p1: { standard: { rpc: node.url } } },
    sequencers: { q1: { full: { chainID: chainId, ...parts } } },
  }
}

/** Starts op-test-sequencer. */
export async function startOpTestSequencer(options: OpTestSequencerOptions): Promise<OpTestSequencer> {
  const { folder, name = 'op-test-sequencer' } = options
  const configFile = folder.write(`${name}.yaml`, testSequencerConfig(options))
  const port = await freePort()
  const args = [
    ...['--builders.config', configFile, '--rpc.jwt-secret', folder.jwt.file, '--rpc.addr', '127.0.0.1'],
    ...['--rpc.port', String(port), '--rpc.enable-admin', '--log.color=false', ...(options.flags ?? [])],
  ]
  const url = `http://127.0.0.1:${port}`
  const root = new JsonRpc(url, folder.jwt.secret)
  const sequencer = new JsonRpc(`${url}/sequencers/q1`, folder.jwt.secret)
  const probe = (): Promise<unknown> => sequencer.call('health_status')
  const process = await PeerProcess.start({ name, program: 'op-test-sequencer', args, folder, probe })
  return { process, url, configFile, root, sequencer, [Symbol.asyncDispose]: () => process.stop() }
}
