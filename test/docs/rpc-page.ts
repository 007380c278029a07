import { fileURLToPath } from 'node:url'
import { beaconRoutes } from '../../rpc/beacon.ts'
import { ERROR_NUMBERS } from '../../rpc/error-codes.ts'
import { type Method, methodTable } from '../../rpc/method.ts'
import { derivationAdminMethods } from '../../rpc/methods/admin.ts'
import { batchMethods } from '../../rpc/methods/batch.ts'
import { blockTimeMethods } from '../../rpc/methods/block-times.ts'
import { type BuildMethodsService, buildMethods, helloMethod } from '../../rpc/methods/build.ts'
import { driverMethods } from '../../rpc/methods/driver.ts'
import { embeddedCallMethods } from '../../rpc/methods/embedded-calls.ts'
import { embeddedReadMethods } from '../../rpc/methods/embedded-reads.ts'
import { type EngineApiService, engineMethods } from '../../rpc/methods/engine.ts'
import { ethMethods } from '../../rpc/methods/eth.ts'
import { poolFilterMethods } from '../../rpc/methods/eth-filters.ts'
import { interopMethods } from '../../rpc/methods/interop.ts'
import { minerMethods } from '../../rpc/methods/miner.ts'
import { miningMethods } from '../../rpc/methods/mining.ts'
import { opP2pMethods } from '../../rpc/methods/opp2p.ts'
import { optimismMethods } from '../../rpc/methods/optimism.ts'
import { DEBUG_READ_METHODS, PASSED_ON_METHODS } from '../../rpc/methods/pass-through.ts'
import { peerMethods } from '../../rpc/methods/peers.ts'
import { poolEditMethods } from '../../rpc/methods/pool-edits.ts'
import { remotePoolMethods } from '../../rpc/methods/remote-pool.ts'
import { remoteSubscribeMethods } from '../../rpc/methods/remote-subscribe.ts'
import { sendSyncMethod } from '../../rpc/methods/send-sync.ts'
import { type SequencerService, sequencerMethods, slotTransactionMethods } from '../../rpc/methods/sequencer.ts'
import { serviceMethods } from '../../rpc/methods/service.ts'
import { snapshotMethods } from '../../rpc/methods/snapshots.ts'
import { stateEditMethods } from '../../rpc/methods/state-edits.ts'
import { supernodeMethods } from '../../rpc/methods/supernode.ts'
import { supervisorMethods } from '../../rpc/methods/supervisor.ts'
import { supervisorAdminMethods } from '../../rpc/methods/supervisor-admin.ts'
import { l1TestMethods, testMethods } from '../../rpc/methods/test.ts'
import { txpoolMethods } from '../../rpc/methods/txpool.ts'
import { walletMethods } from '../../rpc/methods/wallet.ts'
import { createOpenRpc, describeMethods } from '../../rpc/openrpc.ts'
import type { BlockBuilderService } from '../../src/builder/service.ts'
import { ERROR_MEANINGS } from './error-meanings.ts'

/** Where the page lies. */
export const RPC_PAGE: string = fileURLToPath(new URL('../../docs/rpc.md', import.meta.url))

/** As much of JSON Schema as the methods' schemas use. */
interface Schema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}

interface Described {
  readonly name: string
  readonly summary: string
  readonly params: readonly { readonly name: string; readonly required: boolean; readonly schema: Schema }[]
  readonly result: { readonly schema: Schema }
}

/** Optional values may be null, too: what they are otherwise. */
function plain(schema: Schema): Schema {
  const [only, ...others] = (schema.anyOf ?? []).filter(({ type }) => type !== 'null')
  if (only === undefined || others.length > 0) return schema
  return schema.description === undefined ? plain(only) : { ...plain(only), description: schema.description }
}

function isNullable(schema: Schema): boolean {
  return (schema.anyOf ?? []).some(({ type }) => type === 'null')
}

function typeText(given: Schema): string {
  const schema = plain(given)
  if (schema.description !== undefined) return schema.description
  if (schema.type === 'array') return `list of ${schema.items === undefined ? 'values' : typeText(schema.items)}`
  return [schema.type ?? 'any']
    .flat()
    .filter((type) => type !== 'null')
    .join(' or ')
}

function resultText({ schema }: Described['result']): string {
  return isNullable(schema) ? `${typeText(schema)}; or null` : typeText(schema)
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function signature({ name, params }: Described): string {
  return `\`${name}(${params.map((param) => `${param.name}${param.required ? '' : '?'}`).join(', ')})\``
}

function fields(path: string, given: Schema): string[][] {
  const schema = plain(given)
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = path === '' ? name : `${path}.${name}`
    const value = typeText(field)
    return [[`\`${at}\``, schema.required?.includes(name) ? `${value}; required` : value], ...fields(at, field)]
  })
}

function methodSection(method: Described): string {
  const lines = [`### ${method.name}`, '', `${method.summary}.`, '', signature(method), '']
  for (const { name, required, schema } of method.params) {
    lines.push(`- \`${name}\`${required ? '' : ' (may be left out)'}: ${typeText(schema)}`)
  }
  lines.push(`- returns ${resultText(method.result)}`, '')
  for (const { name, schema } of method.params) {
    const rows = fields('', schema)
    if (rows.length > 0) lines.push(table([`field of \`${name}\``, 'value'], rows), '')
  }
  return lines.join('\n')
}

function errorTable(): string {
  const codes = new Map<number, string[]>()
  for (const [code, number] of Object.entries(ERROR_NUMBERS)) codes.set(number, [...(codes.get(number) ?? []), code])
  const rows = [...codes]
    .sort(([a], [b]) => b - a)
    .map(([number, names]) => {
      const { when = '', data = '' } = ERROR_MEANINGS.get(number) ?? {}
      return [String(number), when, data, names.map((name) => `\`${name}\``).join(', ')]
    })
  return table(['code', 'when', '`data`', 'names in the source and the log'], rows)
}

function described(methods: readonly Method[]): readonly Described[] {
  return createOpenRpc(methodTable(methods), { title: '', version: '' }).methods as unknown as readonly Described[]
}

/** What only a chain that is in this process answers beside geth's reads, under its first name. */
function conveniences(): { readonly own: readonly Method[]; readonly aliases: ReadonlyMap<string, readonly string[]> } {
  const none = {} as never
  const all = [
    walletMethods(none),
    stateEditMethods(none),
    blockTimeMethods(none),
    miningMethods(none, none),
    poolEditMethods(none),
    snapshotMethods(none),
  ].flat()
  const aliases = new Map<string, string[]>()
  const own: Method[] = []
  for (const method of all) {
    const [, original] = /^Another name of `(.*)`$/.exec(method.summary) ?? []
    if (original === undefined) own.push(method)
    else aliases.set(original, [...(aliases.get(original) ?? []), method.name])
  }
  return { own, aliases }
}

/** What differs on the route of a chain that is in this process. */
function embeddedSection(): string {
  const { own, aliases } = conveniences()
  const reads = embeddedReadMethods({
    identity: { chainId: 1n, clientVersion: '', accounts: [] },
    forks: () => ({}),
  } as never)
  const names = [...reads, ...embeddedCallMethods({} as never)].map(({ name }) => `\`${name}\``)
  const rows = own.map(({ name, summary }) => [
    `\`${name}\``,
    summary,
    (aliases.get(name) ?? []).map((alias) => `\`${alias}\``).join(', '),
  ])
  return [
    '## Embedded chains',
    '',
    "A chain whose execution layer is in this process answers geth's reads itself:",
    `${[...new Set(names)].sort().join(', ')}.`,
    '',
    'Beside them a test may edit the state after the head, move the times of blocks to come, have blocks at a word, and go',
    'back. No other node can follow a chain whose state was edited. Numbers are taken as hex, as decimal text or as JSON',
    'numbers.',
    '',
    table(['method', 'does', 'other names'], rows),
  ].join('\n')
}

/** The methods of an L2 chain's route. No service is ever called: a page is made of definitions. */
function definitions(): readonly Method[] {
  const pool = { add: () => Promise.reject(new TypeError('not served')) }
  const own = methodTable([
    ...serviceMethods('1'),
    ...ethMethods({ chainId: 1n, pool }),
    sendSyncMethod({ pool } as unknown as Parameters<typeof sendSyncMethod>[0]),
    ...txpoolMethods({} as Parameters<typeof txpoolMethods>[0]),
    ...testMethods({} as BlockBuilderService),
    ...minerMethods({ set: () => undefined }),
  ])
  return [...own.values(), ...describeMethods(() => own, { title: '', version: '' })]
}

/** What differs on the route of an L1 whose blocks this service makes. */
function l1Section(): string {
  const methods = described(l1TestMethods({} as Parameters<typeof l1TestMethods>[0]))
  const rows = methods.filter(({ name }) => name === 'test_open').flatMap(({ params }) => params)
  const beacon = [...beaconRoutes({} as Parameters<typeof beaconRoutes>[0], '').keys()]
  return [
    '## L1',
    '',
    'Where this service makes the L1 blocks (`l1.mode: mock`), the L1 has a route, too, `/l1` unless named otherwise. Its',
    'methods are those below; `test_open` takes other options, and `test_includeRaw` and `eth_sendRawTransaction` take blob',
    'transactions in their network form.',
    '',
    table(
      ['field of `options`', 'value'],
      rows.flatMap(({ schema }) => fields('', schema)),
    ),
    '',
    'Below the same route, by GET, the part of the beacon API that programs ask for blobs:',
    `${beacon.map((path) => `\`${path.endsWith('/') ? `${path}{slot}` : path}\``).join(', ')}.`,
  ].join('\n')
}

/** What an embedded chain serves beside its other methods, to who has the secret. */
function engineSection(): string {
  const blobs = { withProofs: () => Promise.resolve([]), withCells: () => Promise.resolve(undefined) }
  const service = { blobs } as unknown as EngineApiService
  const methods = engineMethods({ service, op: true, version: '' })
  return [
    '## Engine API',
    '',
    'At `/<name>/engine` and `/<chainId>/engine` of a chain with `el: embedded`, with a token (`rpc.engineJwtSecretFile`), beside all the',
    'methods of the chain. Values and errors are those of the Engine API; blobs on L1 only, `engine_signalSuperchainV1` on L2 only.',
    '',
    table(
      ['method', 'does'],
      methods.map(({ name, summary }) => [`\`${name}\``, summary]),
    ),
  ].join('\n')
}

/** What a chain serves whose pool is shared. */
function peersSection(): string {
  const methods = peerMethods({} as Parameters<typeof peerMethods>[0])
  return [
    '## Peers of the pool',
    '',
    'Where a pool is shared with geth nodes (`txpool.devp2p`), in the shapes of geth:',
    '',
    table(
      ['method', 'does'],
      methods.map(({ name, summary }) => [`\`${name}\``, summary]),
    ),
  ].join('\n')
}

/** What a chain serves whose blocks are gossiped by this service. */
function gossipSection(): string {
  return [
    '## Peers of block gossip',
    '',
    'Where a chain gossips its blocks itself (`p2p`), in the shapes of op-node:',
    '',
    table(
      ['method', 'does'],
      opP2pMethods({} as never).map(({ name, summary }) => [`\`${name}\``, summary]),
    ),
  ].join('\n')
}

/** The methods of a chain that is derived here. */
function rollupNode(): readonly Method[] {
  const none = {} as never
  return [...optimismMethods(none, ''), ...derivationAdminMethods(none), ...driverMethods(none)]
}

/** What a chain serves that is derived here. */
function rollupNodeSection(): string {
  return [
    '## Rollup node',
    '',
    "Where a chain is derived in this process (`chains[].driver`), it serves what op-node serves, in op-node's shapes and words; numbers of",
    'blocks are JSON numbers there. Where it has a node instead (`chains[].node`), the `optimism_*` of that one are passed on.',
    '',
    table(
      ['method', 'does'],
      rollupNode().map(({ name, summary }) => [`\`${name}\``, summary]),
    ),
  ].join('\n')
}

/** What a chain serves that a supervisor manages. */
function interopSection(): string {
  return [
    '## Managed mode',
    '',
    'Where a supervisor manages a chain (`chains[].interop`), on a server of its own, with a token: `/` and `/ws`, over a WebSocket or HTTP.',
    "Shapes and error codes are op-node's; numbers are JSON numbers. [driver.md](driver.md#managed-by-a-supervisor) says what they do.",
    '',
    table(
      ['method', 'does'],
      interopMethods({} as never).map(({ name, summary }) => [`\`${name}\``, summary]),
    ),
  ].join('\n')
}

/** What a supervisor serves. */
function supervisor(): readonly Method[] {
  const none = {} as never
  return [...supervisorMethods(none), ...supernodeMethods({ chainIds: [] } as never), ...supervisorAdminMethods(none)]
}

/** Where a supervisor serves it. */
function supervisorSection(): string {
  return [
    '## Supervisor',
    '',
    'Where this process hosts a supervisor (`supervisor:`), at `/supervisor` and at `/`, in the shapes and words of op-supervisor, of',
    'op-supernode (`superroot_*`, `supernode_*`, `heartbeat_*`), and of the first design, in which nodes push what they derive. Numbers of',
    'blocks are JSON numbers; chain ids are taken as decimal or 0x text and given as decimal text. [supervisor.md](supervisor.md) says more.',
    '',
    table(
      ['method', 'does'],
      supervisor().map(({ name, summary }) => [`\`${name}\``, summary]),
    ),
  ].join('\n')
}

/** What a chain serves that has a batcher. */
function batchSection(): string {
  return [
    '## Batcher',
    '',
    'Where a chain has a batcher (`chains[].batcher`): it puts blocks on L1 in exactly the way that it is told, right or wrong.',
    '[batcher.md](batcher.md) has examples.',
    '',
    table(
      ['method', 'does'],
      batchMethods({} as never).map(({ name, summary }) => [`\`${name}\``, summary]),
    ),
  ].join('\n')
}

/** What op-test-sequencer's clients call. */
function ensembleSection(): string {
  const slot = {} as SequencerService
  const routes: readonly (readonly [string, readonly Method[]])[] = [
    ['`/`', [...buildMethods({} as BuildMethodsService), helloMethod()]],
    ['`/sequencers/<id>`', sequencerMethods(slot)],
    ['`/tx/<id>`', slotTransactionMethods(slot)],
  ]
  return [
    "## op-test-sequencer's API",
    '',
    'Its clients work unchanged: same routes, shapes and error codes. Every chain whose blocks are made here has builders and a sequencer of',
    'its own: builders `<name>` and `<chainId>`, sequencers `<name>`, `<chainId>` and `test-seq-<chainId>`; a file of op-test-sequencer',
    '(`--builders.config`) names others. `/tx/<id>` asks for no token, `admin_hello` needs `--rpc.enable-admin`.',
    '',
    table(
      ['route', 'method', 'does'],
      routes.flatMap(([route, methods]) =>
        described(methods).map((method) => [route, signature(method), method.summary]),
      ),
    ),
    '',
    'Where it differs:',
    '',
    '- `sequencer_start` sequences the chain, and `sequencer_stop` ends that and answers with the last block.',
    '- A transaction that comes when the block is open is executed at once, and refused at once where it cannot stand there.',
    '- The zero hash for a parent, or none, is the head on L2, too: `sequencer_next` on an empty slot builds on it.',
    '- `sequencer_commit` answers when the block is the head, of the execution layer and of op-node.',
    '- A cancelled job cannot be sealed before it is opened again, and one that was not opened can be cancelled. A closed job leaves',
    "  its sequencer's slot.",
    '- Pages of other origins are let in where `rpc.corsOrigins` names them.',
    '- A transaction on `/tx/<id>` without a job is an unknown job. What a file leaves out of a sequencer is that of its chain.',
  ].join('\n')
}

/** What is answered with the help of the pool on a chain of a node. */
function remotePool(): readonly Method[] {
  const none = {} as never
  return [...remotePoolMethods(none, none), ...poolFilterMethods(none, none), ...remoteSubscribeMethods(none, none)]
}

/** The page of the RPC: its methods and errors, as the code defines them. */
export function renderRpcPage(): string {
  const methods = described(definitions())
  const names = (list: readonly string[]): string => list.map((name) => `\`${name}\``).join(', ')
  return `${[
    '# RPC',
    '',
    '<!-- Generated from the method definitions and error codes by `npm run docs:rpc`. Do not edit. -->',
    '',
    'JSON-RPC 2.0 over HTTP and WebSocket on one port, batches included; parameters by position. `/<name>` and',
    '`/<chainId>` serve one chain; `/` serves the only L2 chain when there is one, and the service-wide methods always.',
    'A running service describes each route by itself: `rpc.discover` answers an OpenRPC document.',
    '',
    table(
      ['method', 'does'],
      methods.map((method) => [
        `[\`${method.name}\`](#${method.name.replaceAll('.', '').toLowerCase()})`,
        method.summary,
      ]),
    ),
    '',
    '## Passed on to the execution layer',
    '',
    'These are answered by the node behind the chain, errors included, unchanged:',
    `${names(PASSED_ON_METHODS)}.`,
    '',
    'With `rpc.debugReads: true` also:',
    `${names(DEBUG_READ_METHODS)}.`,
    '',
    'The pool here has its say where transactions may still wait. Subscriptions other than `newPendingTransactions` are begun at',
    'the node, where `el.ws` is configured:',
    '',
    table(
      ['method', 'does'],
      remotePool().map(({ name, summary }) => [`\`${name}\``, summary]),
    ),
    '',
    '## Errors',
    '',
    errorTable(),
    '',
    'A call that fails has changed nothing; a block that was sealed and could not be delivered stays sealed. An error that',
    "the node itself answered to a call that was passed on keeps the node's code, message and data.",
    '',
    l1Section(),
    '',
    engineSection(),
    '',
    peersSection(),
    '',
    gossipSection(),
    '',
    rollupNodeSection(),
    '',
    interopSection(),
    '',
    supervisorSection(),
    '',
    batchSection(),
    '',
    ensembleSection(),
    '',
    embeddedSection(),
    '',
    '## Methods',
    '',
    [
      ...methods,
      ...described([
        ...peerMethods({} as never),
        ...opP2pMethods({} as never),
        ...rollupNode(),
        ...supervisor(),
        ...batchMethods({} as never),
        ...conveniences().own,
      ]),
    ]
      .map(methodSection)
      .join('\n')
      .trimEnd(),
  ].join('\n')}\n`
}
