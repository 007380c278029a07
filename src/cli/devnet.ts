import { Command } from 'commander'
import { type CliIo, commandFailed } from './io.ts'
import { logLevelOption, option, parseChainIds, parsePort, parseSeconds } from './options.ts'

/** `op-sequencer devnet`. */
export function devnetCommand(_io: CliIo): Command {
  return new Command('devnet')
    .description('an L1 and L2 chains in one process, with nothing else installed')
    .addOption(option('--chains <ids>', 'L2 chain ids').argParser(parseChainIds).default([901n], '901'))
    .addOption(option('--block-time <seconds>', 'seconds between L2 blocks').argParser(parseSeconds).default(2))
    .addOption(option('--interop', 'make the chains depend on each other').default(false))
    .addOption(option('--manual', 'no block but on demand').default(false))
    .addOption(option('--datadir <folder>', 'where the state is kept; without it, in memory'))
    .addOption(option('--port <port>', 'where the RPC listens').argParser(parsePort).default(8645))
    .addOption(logLevelOption())
    .action(() => {
      throw commandFailed(2, [
        'devnet: the embedded execution layer is not part of this version; see "op-sequencer run"',
      ])
    })
}
