import { type Address, type Hash, hexToBytes, toWord } from '../../primitives/hex.ts'
import type { Log } from '../../protocol/receipt.ts'
import type { EnteredCall, LeftCall, Observer } from '../watch.ts'

/** What transfers of ether are shown as coming from. @see ERC-7528 */
const ETHER_ADDRESS: Address = '0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee'
/** Transfer(address,address,uint256) */
const TRANSFER_TOPIC: Hash = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

/** A log with its number in the block. */
export interface RecordedLog {
  readonly log: Log
  readonly index: number
}

const padded = (address: Address): Hash => toWord(BigInt(address))

/** Keeps the logs of messages that run one after the other and, if asked, their transfers of ether as if they were logs. */
export class LogRecorder implements Observer {
  readonly #transfers: boolean
  /** Of each frame that is not left yet. */
  #open: RecordedLog[][] = []
  #message: readonly RecordedLog[] = []
  #count = 0

  constructor(transfers: boolean) {
    this.#transfers = transfers
  }

  /** Those of the last message; none when it failed. */
  get logs(): readonly RecordedLog[] {
    return this.#message
  }

  enter({ kind, from, to, value = 0n }: EnteredCall): void {
    this.#open.push([])
    if (!this.#transfers || kind === 'DELEGATECALL' || value === 0n) return
    this.log({
      address: ETHER_ADDRESS,
      topics: [TRANSFER_TOPIC, padded(from), padded(to)],
      data: hexToBytes(toWord(value)),
    })
  }

  /** What a frame that fails takes back keeps its number. */
  log(log: Log): void {
    this.#open.at(-1)?.push({ log, index: this.#count++ })
  }

  leave({ depth, error }: LeftCall): void {
    const logs = error === undefined ? (this.#open.at(-1) ?? []) : []
    this.#open.pop()
    if (depth === 0) this.#message = logs
    else this.#open.at(-1)?.push(...logs)
  }
}
