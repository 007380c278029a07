/**
 * Adds up vitest's JSON reports: `node .ci/summary.ts TEST PEERS COUNTS` writes "passed failed" into COUNTS. A test that
 * did not run counts as a failure when it is a peer test: these are the ones that must not be left out unnoticed.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'

interface FileReport {
  /** Absolute path. */
  readonly name: string
  readonly status: string
  readonly message?: string
  readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
}

interface Count {
  passed: number
  failed: number
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

interface Report {
  /** Whether vitest saw no failure, in tests or between them. */
  readonly success: boolean
  readonly testResults: readonly FileReport[]
}

/** A report, or undefined when vitest did not get as far as writing one. */
function load(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report
  } catch {
    return undefined
  }
}

function count(name: string, report: Report | undefined, all: readonly string[]): Count {
  const sum: Count = { passed: 0, failed: 0 }
  const fail = (what: string): void => {
    say(`${name}: ${what}`)
    sum.failed++
  }
  if (report === undefined) {
    fail('no report')
    return sum
  }
  const files = report.testResults
  let skipped = 0
  for (const file of files) {
    const path = relative(process.cwd(), file.name)
    const by = (status: string): number => file.assertionResults.filter((result) => result.status === status).length
    const [passed, failed] = [by('passed'), by('failed')]
    const other = file.assertionResults.length - passed - failed
    sum.passed += passed
    sum.failed += failed
    skipped += other
    if (file.status === 'failed' && failed === 0) fail(`${path} could not be run`)
    if (all.includes(path) && other > 0) fail(`${path}: ${other} tests did not run`)
    if (all.includes(path) && passed === 0 && failed === 0) fail(`${path}: no test passed`)
  }
  for (const path of all) {
    if (!files.some((file) => relative(process.cwd(), file.name) === path)) fail(`${path} did not run`)
  }
  if (!report.success && sum.failed === 0) fail('vitest reports an error outside of the tests')
  say(`${name}: ${sum.passed} passed, ${sum.failed} failed, ${skipped} skipped`)
  return sum
}

const [testReport = '', peersReport = '', target = ''] = process.argv.slice(2)
const peerFiles = globSync('test/peers/**/*.test.ts')
if (peerFiles.length === 0) say('no peer tests found')
const counts = [count('test', load(testReport), []), count('test:peers', load(peersReport), peerFiles)]
const passed = counts.reduce((sum, { passed }) => sum + passed, 0)
const failed = counts.reduce((sum, { failed }) => sum + failed, 0) + (peerFiles.length === 0 ? 1 : 0)
writeFileSync(target, `${passed} ${failed}\n`)
process.exitCode = failed > 0 ? 1 : 0
