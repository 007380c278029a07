import { Command } from 'commander'
import type { CliIo } from './io.ts'
import { configOption } from './options.ts'
import { loadOrFail } from './run.ts'

/** `op-sequencer config`. */
export function configCommand(io: CliIo): Command {
  const check = new Command('check')
    .description('say everything that is wrong with a configuration; dials nothing')
    .addOption(configOption())
    .action(async (options: { readonly config: string }) => {
      const { chains } = await loadOrFail(options.config)
      const names = chains.map(({ name, rollup }) => `${name} (${rollup.l2ChainId})`)
      io.stdout(`valid; L2 chains: ${names.join(', ') || 'none'}\n`)
    })
  return new Command('config').description('work on configurations').addCommand(check)
}
