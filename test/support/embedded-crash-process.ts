/** A process of its own: builds blocks on a chain on disk until it is killed, and prints the hash of each that is committed. */
import { LevelStore } from '../../src/storage/level-store.ts'
import { embeddedWorld, transfer } from './embedded-world.ts'

const world = await embeddedWorld(await LevelStore.open(process.argv[2] as string))
const head = world.chain.header(world.chain.labels.head)
for (let nonce = Number(head?.number ?? 0n); ; nonce++) {
  const { hash } = await world.block('latest', await transfer(nonce))
  process.stdout.write(`${hash}\n`)
}
