import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import solc from 'solc'
import type { Hex } from '../../src/primitives/hex.ts'

const SOURCES = fileURLToPath(new URL('../../contracts/', import.meta.url))

/** Where the compiled contracts are kept. */
export const CONTRACTS_FILE = fileURLToPath(new URL('../../src/devnet/contracts.json', import.meta.url))

/** The compiler's answer, as far as it is read. */
interface CompilerOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts?: Readonly<
    Record<
      string,
      Readonly<Record<string, { readonly evm: { readonly deployedBytecode: { readonly object: string } } }>>
    >
  >
}

/**
 * Compiles all of `contracts/`. L2 runs them from Bedrock on, so the code is that of the EVM of the merge.
 * @returns the code that stands at an address, by the name of its file
 * @throws Error with what the compiler says
 */
function compileContracts(): Readonly<Record<string, Hex>> {
  const paths = globSync('**/*.sol', { cwd: SOURCES }).sort()
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(paths.map((path) => [path, { content: readFileSync(join(SOURCES, path), 'utf8') }])),
    settings: {
      evmVersion: 'paris',
      optimizer: { enabled: true, runs: 999_999 },
      // Without it the code ends in a hash of the sources, comments included.
      metadata: { appendCBOR: false },
      outputSelection: { '*': { '*': ['evm.deployedBytecode.object'] } },
    },
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as CompilerOutput
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'))
  const codes: Record<string, Hex> = {}
  for (const path of paths) {
    const name = basename(path, '.sol')
    const code = output.contracts?.[path]?.[name]?.evm.deployedBytecode.object
    if (!code) throw new Error(`${path} holds no contract ${name}`)
    codes[name] = `0x${code}`
  }
  return Object.fromEntries(Object.entries(codes).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The text of {@link CONTRACTS_FILE}. */
export function renderContracts(): string {
  return `${JSON.stringify(compileContracts(), undefined, 2)}\n`
}

/**
 * Compiles one contract that needs no other file.
 * @returns its init code, without arguments, and the selectors of its functions
 * @throws Error with what the compiler says
 */
export function compileOne(
  name: string,
  source: string,
): { readonly bytecode: Hex; readonly selectors: readonly Hex[] } {
  const input = {
    language: 'Solidity',
    sources: { [name]: { content: source } },
    settings: {
      evmVersion: 'paris',
      optimizer: { enabled: true, runs: 200 },
      metadata: { appendCBOR: false },
      outputSelection: { '*': { '*': ['evm.bytecode.object', 'evm.methodIdentifiers'] } },
    },
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as {
    readonly errors?: CompilerOutput['errors']
    readonly contracts?: Record<
      string,
      Record<string, { evm: { bytecode: { object: string }; methodIdentifiers: Record<string, string> } }>
    >
  }
  const contract = output.contracts?.[name]?.[name]
  if (contract === undefined) throw new Error((output.errors ?? []).map((error) => error.formattedMessage).join('\n'))
  const { bytecode, methodIdentifiers } = contract.evm
  return { bytecode: `0x${bytecode.object}`, selectors: Object.values(methodIdentifiers).map((id): Hex => `0x${id}`) }
}
