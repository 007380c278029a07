/**
 * Records the code of the create2 deployer, which the execution layer itself puts into the state with Canyon, from an
 * op-geth that crosses the fork: `src/evm/create2-deployer.json`. Run it by hand: `node test/peers/record-create2-deployer.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Hash, type Hex, hexToBytes } from '../../src/primitives/hex.ts'
import { keccakHash } from '../../src/primitives/keccak.ts'
import { EngineDriver } from './support/engine-driver.ts'
import { l2Genesis } from './support/l2-genesis.ts'
import { startOpGeth } from './support/op-geth.ts'
import { TempFolder } from './support/temp-folder.ts'

const ADDRESS = '0x13b0d85ccb8bf860b6b79af3029fca081ae9bef2'
/** As the Canyon specification has it. */
const CODE_HASH: Hash = '0xb0550b5b431e30d38000efb7107aaa0ade03d48a7198a140edda9d27134468b2'
const GENESIS_TIME = 1_750_000_000
const BLOCK_TIME = 2

const target = fileURLToPath(new URL('../../src/evm/create2-deployer.json', import.meta.url))
const forks = { regolith: 0, canyon: GENESIS_TIME + 2 * BLOCK_TIME, delta: GENESIS_TIME + 2 * BLOCK_TIME }
await using folder = new TempFolder()
// OP Sepolia has it by now; this chain gets it from the fork.
const genesis = await l2Genesis({ timestamp: GENESIS_TIME, forks })
const { [ADDRESS.slice(2)]: _, ...alloc } = genesis.alloc
await using el = await startOpGeth({ folder, genesis: { ...genesis, alloc } })
const driver = new EngineDriver(el, forks, BLOCK_TIME)

const codeAt = (block: Hex): Promise<Hex> => el.rpc.call<Hex>('eth_getCode', [ADDRESS, block])
const before = await driver.extendHead()
const after = await driver.extendHead()
if ((await codeAt(before.number)) !== '0x') throw new Error('the code is there before Canyon')
const code = await codeAt(after.number)
const hash = keccakHash(hexToBytes(code))
if (hash !== CODE_HASH) throw new Error(`the code hashes to ${hash}`)

const content = `${JSON.stringify({ code }, null, 2)}\n`
const same = readFileSync(target, 'utf8') === content
if (!same) writeFileSync(target, content)
process.stdout.write(`${(code.length - 2) / 2} bytes, code hash ${hash}: ${same ? 'as it was' : 'written'}\n`)
