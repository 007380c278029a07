import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Lets a program go on from a step until some time after it has done one, and kills it. It takes its folder and the step, and prints
 * the number of each step when that is done.
 * @param longest milliseconds that it has after its first step
 * @returns the last step that it told of; -1 where it told of none
 */
export async function killedAfterStep(
  program: string,
  folder: string,
  first: number,
  longest: number,
): Promise<number> {
  const child = spawn(process.execPath, [program, folder, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let last = -1
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    // The last one may be cut.
    if (Number(line) === last + 1 || last < 0) last = Number(line)
  })
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')])
  await Promise.race([once(lines, 'line'), ended])
  await delay(Math.random() * longest)
  child.kill('SIGKILL')
  await ended
  return last
}
