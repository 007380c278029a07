import { Command, CommanderError } from 'commander'
import { errorMessage, isAppError } from '../primitives/errors.ts'
import type { OpenReplay } from '../replay/service.ts'
import { configCommand } from './config-check.ts'
import { dbCommand } from './db.ts'
import { devnetCommand } from './devnet.ts'
import type { CliIo, ExitCode } from './io.ts'
import { replayCommand } from './replay.ts'
import { runCommand, type StartNode } from './run.ts'
import { VERSION } from './version.ts'

/** What the commands call. */
export interface CliServices {
  readonly startNode: StartNode
  readonly openReplay: OpenReplay
}

function createProgram(io: CliIo, services: CliServices): Command {
  const program = new Command('op-sequencer')
    .description('A test sequencer for the OP Stack: builds exactly the block a test asks for')
    .version(VERSION)
    .addCommand(runCommand(io, services.startNode))
    .addCommand(devnetCommand(io, services.startNode))
    .addCommand(replayCommand(io, services.openReplay))
    .addCommand(configCommand(io))
    .addCommand(dbCommand(io))
  const settle = (command: Command): void => {
    command.exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr }).showHelpAfterError(false)
    for (const child of command.commands) settle(child)
  }
  settle(program)
  return program
}

/**
 * Runs one command line. Never throws and never ends the process.
 * @param args without interpreter and script
 */
export async function runCli(args: readonly string[], io: CliIo, services: CliServices): Promise<ExitCode> {
  try {
    await createProgram(io, services).parseAsync([...args], { from: 'user' })
    return 0
  } catch (error) {
    // Help and version end that way, too; commander has written what there is to read.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (isAppError(error, 'COMMAND_FAILED')) {
      io.stderr(`${error.message}\n`)
      return error.data?.exitCode === 2 ? 2 : 1
    }
    io.stderr(`internal error: ${error instanceof Error ? (error.stack ?? error.message) : errorMessage(error)}\n`)
    return 1
  }
}
