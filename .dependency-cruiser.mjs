/**
 * Who may import whom. A folder that is not in these tables is refused, so that a new one gets its place here first.
 * @import { IConfiguration } from 'dependency-cruiser'
 */

/** Folders of `src/`, and what each imports from the others at run time. Arrows point one way. */
const BELOW = {
  primitives: [],
  telemetry: ['primitives'],
  storage: ['primitives'],
  protocol: ['primitives'],
  config: ['primitives', 'protocol'],
  state: ['primitives', 'protocol'],
  evm: ['primitives', 'protocol', 'state'],
  builder: ['primitives', 'protocol', 'state', 'evm'],
  delivery: ['primitives', 'protocol'],
  sequencer: ['primitives', 'protocol', 'builder'],
  // op-test-sequencer's builders, signers, committers, publishers and sequencers.
  ensemble: ['primitives', 'protocol'],
  engine: ['primitives', 'protocol'],
  derive: ['primitives', 'protocol'],
  driver: ['primitives', 'protocol', 'derive', 'engine', 'storage'],
  batcher: ['primitives', 'protocol'],
  supervisor: ['primitives', 'protocol', 'storage'],
  interop: ['primitives', 'protocol', 'builder'],
  clients: ['primitives', 'protocol'],
  p2p: ['primitives', 'protocol'],
  // Keys of test accounts.
  wallet: ['primitives', 'protocol'],
  embedded: ['primitives', 'protocol', 'state', 'evm', 'storage'],
  // Contracts, and the genesis of every chain, of the devnet.
  devnet: ['primitives', 'protocol', 'evm', 'embedded'],
  // The public library: it has the composition root start what its options and configurations ask for.
  client: ['primitives', 'protocol', 'config', 'telemetry', 'devnet'],
  // A tool with a root of its own.
  replay: ['primitives', 'protocol', 'state', 'evm', 'builder', 'clients'],
  cli: ['primitives', 'protocol', 'config', 'telemetry', 'replay', 'devnet', 'storage', 'supervisor'],
}

/** Beside these, what is imported by type only: the ports that a folder satisfies, and the services that it is handed. */
const BELOW_TYPES = {
  devnet: ['config'],
  delivery: ['builder', 'sequencer'],
  ensemble: ['builder'],
  batcher: ['driver'],
  driver: ['sequencer', 'supervisor'],
  interop: ['delivery'],
  clients: [
    'builder',
    'delivery',
    'state',
    'sequencer',
    'engine',
    'derive',
    'driver',
    'batcher',
    'supervisor',
    'interop',
    'embedded',
  ],
  p2p: ['builder', 'delivery', 'engine', 'driver'],
  embedded: ['builder', 'delivery', 'engine', 'driver', 'derive', 'sequencer'],
  // A started node, as the process gets it; the words for why a transaction was refused.
  client: ['cli', 'evm'],
}

/** Every folder may log through, and count on, what it is handed. */
const TYPES_FOR_ALL = ['telemetry']

/** npm packages that stand behind one door, and the folders with the key. */
const DOORS = {
  '@ethereumjs/': ['src/evm', 'src/state', 'src/embedded', 'txpool/devp2p'],
  '(@fastify/|fastify)': ['rpc'],
  '(@libp2p/|libp2p|@multiformats/)': ['src/p2p'],
  undici: ['src/clients'],
  commander: ['src/cli'],
  yaml: ['src/config'],
  pino: ['src/telemetry'],
  viem: ['src/client'],
}

/** Files of the library that have a node started. */
const LIBRARY_ROOTS = ['^src/client/(sequencer|devnet)[.]ts$']

const CODE = '^(src|rpc|txpool)/'
const TEST = '[.]test[.]ts$'
const anyOf = (names) => `(${names.join('|')})`
const inSrc = (names) => `^src/${anyOf(names)}/`

/** What a folder may start: {@link LIBRARY_ROOTS} are held to it by rules of their own. */
const rootsFor = (folder) => (folder === 'client' ? ['^src/node[.]ts$'] : [])

const layers = Object.entries(BELOW).flatMap(([folder, values]) => {
  const from = { path: inSrc([folder]), pathNot: TEST }
  const reachable = [folder, ...values]
  const types = [...reachable, ...TYPES_FOR_ALL, ...(BELOW_TYPES[folder] ?? [])]
  return [
    {
      name: `${folder}-imports`,
      comment: `src/${folder} imports ${values.map((name) => `src/${name}`).join(', ') || 'nothing'}; another folder by type at most`,
      severity: 'error',
      from,
      to: { path: CODE, pathNot: [inSrc(reachable), ...rootsFor(folder)], dependencyTypesNot: ['type-only'] },
    },
    {
      name: `${folder}-types`,
      comment: `src/${folder} imports types from ${types.map((name) => `src/${name}`).join(', ')}`,
      severity: 'error',
      from,
      to: { path: CODE, pathNot: [inSrc(types), ...rootsFor(folder)] },
    },
  ]
})

const doors = Object.entries(DOORS).map(([name, folders]) => ({
  name: `only-in-${folders.join('-and-').replaceAll('/', '-')}`,
  comment: `${name} is imported in ${folders.join(', ')} only (tests of ${folders.join(', ')} and test/ aside)`,
  severity: 'error',
  from: { path: CODE, pathNot: [`^${anyOf(folders)}/`, ...(name === 'viem' ? [TEST] : [])] },
  to: { path: `(^|/)node_modules/${name}${name.endsWith('/') || name.endsWith(')') ? '' : '/'}` },
}))

/** @type {IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'modules that import each other, by type or by value, are one module in two files',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      comment: 'an import that leads nowhere',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-barrels',
      comment: 'one idea a file, named for it: no index.ts, no utils',
      severity: 'error',
      from: { path: '/(index|utils?|helpers?|common)([.]ts$|/)' },
      to: {},
    },
    {
      name: 'no-test-code',
      comment: 'what is published does not need what is not',
      severity: 'error',
      from: { path: CODE, pathNot: TEST },
      to: { path: ['^test/', TEST] },
    },
    {
      name: 'no-dev-dependencies',
      comment: 'what is published needs packages that are installed with it',
      severity: 'error',
      from: { path: CODE, pathNot: TEST },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm', 'npm-peer', 'npm-optional', 'type-only'] },
    },
    {
      name: 'declared-dependencies',
      comment: 'a package that only happens to be installed',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-folder-without-a-place',
      comment: 'a folder of src/ that the tables of this file do not name',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: inSrc([...Object.keys(BELOW), 'hosts']) },
      to: {},
    },
    {
      name: 'pure-protocol',
      comment: 'primitives and protocol read and write nothing',
      severity: 'error',
      from: { path: inSrc(['primitives', 'protocol']), pathNot: TEST },
      to: {
        dependencyTypes: ['core'],
        path: '^(node:)?(fs|net|http|https|http2|tls|dgram|dns|child_process|worker_threads|os|process)(/|$)',
      },
    },
    {
      name: 'builder-states',
      comment: 'the builder opens states through its port; one file fills that port from src/state',
      severity: 'error',
      from: { path: inSrc(['builder']), pathNot: [TEST, '^src/builder/remote-pinned-state[.]ts$'] },
      to: { path: inSrc(['state']), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'rpc-imports',
      comment: 'rpc/ makes JSON of what it is handed: services by type only',
      severity: 'error',
      from: { path: '^rpc/', pathNot: TEST },
      to: {
        path: CODE,
        pathNot: ['^rpc/', inSrc(['primitives', 'protocol', 'telemetry'])],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'txpool-imports',
      comment: 'txpool/ checks transactions by the rules of execution, and fills the ports of builder and rpc by type',
      severity: 'error',
      from: { path: '^txpool/', pathNot: TEST },
      to: {
        path: CODE,
        pathNot: ['^txpool/', inSrc(['primitives', 'protocol', 'evm', 'storage'])],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'one-composition-root',
      comment:
        'src/node.ts, and src/hosts for one chain each, introduce the folders to each other; only the process asks for it, and the library, which has it done in the process of another program',
      severity: 'error',
      from: { path: CODE, pathNot: ['^src/main[.]ts$', '^src/node[.]ts$', '^src/hosts/', ...LIBRARY_ROOTS, TEST] },
      to: { path: ['^src/(node|main)[.]ts$', '^src/hosts/'] },
    },
    {
      name: 'library-starts-nodes-only',
      comment: 'the library asks for a node, and for nothing that the node is made of',
      severity: 'error',
      from: { path: LIBRARY_ROOTS, pathNot: TEST },
      to: { path: ['^src/main[.]ts$', '^src/hosts/'] },
    },
    {
      name: 'libp2p-on-demand',
      comment:
        'a service that gossips no blocks does not load libp2p: src/hosts/block-gossip.ts is imported where it is asked for',
      severity: 'error',
      from: { path: CODE, pathNot: TEST },
      to: { path: '^src/hosts/block-gossip[.]ts$', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'gossip-behind-its-host',
      comment: 'src/p2p is reached through src/hosts/block-gossip.ts, but for its figures, which need no libp2p',
      severity: 'error',
      from: { path: CODE, pathNot: ['^src/p2p/', '^src/hosts/block-gossip[.]ts$', TEST] },
      to: { path: '^src/p2p/', pathNot: '^src/p2p/gossip-metrics[.]ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'viem-is-optional',
      comment: 'viem is a peer that may be missing: nothing but op-sequencer/viem leads to it',
      severity: 'error',
      from: { path: ['^src/main[.]ts$', ...LIBRARY_ROOTS], pathNot: TEST },
      to: { path: '(^|/)node_modules/viem/', reachable: true },
    },
    {
      name: 'node-wires',
      comment: 'files right under src/ are the process and its root; nothing else lives there',
      severity: 'error',
      from: { path: '^src/[^/]+[.]ts$', pathNot: '^src/(main|node)[.]ts$' },
      to: {},
    },
    ...layers,
    ...doors,
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    // Type-only imports count: cycles of types are cycles, too.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|docs/api)/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
