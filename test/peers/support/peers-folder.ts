import { homedir } from 'node:os'
import { join } from 'node:path'

/** The folder with the built peers: OP_SEQUENCER_PEERS, or a cache folder of the user. */
export function peersFolder(): string {
  return process.env.OP_SEQUENCER_PEERS ?? join(homedir(), '.cache', 'op-sequencer', 'peers')
}
