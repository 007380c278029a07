import type { PayloadBuild } from '../builder/payload-builder.ts'
import { bytesToHex } from '../primitives/hex.ts'

/** Blocks in the making that are remembered. */
const MAX_BUILDS = 10

/** A block in the making. */
type Build = Pick<PayloadBuild, 'finish' | 'stop'>

/** The newest blocks in the making, by the id that the Engine API gives them. */
export class PayloadBuilds {
  readonly #builds = new Map<string, Promise<Build>>()

  /** Begins a block unless it is being made already. @throws whatever beginning it throws: it is not remembered then */
  async begin(id: Uint8Array, start: () => Promise<Build>): Promise<void> {
    const key = bytesToHex(id)
    const known = this.#builds.get(key)
    if (known !== undefined) {
      await known
      return
    }
    const build = start()
    this.#builds.set(key, build)
    try {
      await build
    } catch (error) {
      if (this.#builds.get(key) === build) this.#builds.delete(key)
      throw error
    }
    while (this.#builds.size > MAX_BUILDS) this.#forgetOldest()
  }

  #forgetOldest(): void {
    const [oldest] = this.#builds
    if (oldest === undefined) return
    const [key, build] = oldest
    this.#builds.delete(key)
    // One that could not be begun has nothing to stop; whoever asked for it has its error.
    build.then(
      (begun) => begun.stop(),
      () => undefined,
    )
  }

  /** Undefined for an id that is not remembered. */
  get(id: Uint8Array): Promise<Build> | undefined {
    return this.#builds.get(bytesToHex(id))
  }

  /** Lets none of them take more transactions. */
  stop(): void {
    while (this.#builds.size > 0) this.#forgetOldest()
  }
}
