import type { Address } from '../src/primitives/hex.ts'
import { rejected } from './validate.ts'

/** One sub-pool's hold on the accounts whose transactions it has. */
export interface AddressReserver {
  /** Makes an account this sub-pool's, until it is let go; once more is the same. @throws AppError TX_REJECTED where it is another's */
  hold(sender: Address): void
  release(sender: Address): void
  /** Whether an account is another sub-pool's. */
  isOthers(sender: Address): boolean
}

/** Which sub-pool an account is in: its transactions of one kind cannot wait behind those of another. */
export class AddressReservations {
  readonly #owners = new Map<Address, AddressReserver>()

  /** The reserver of one more sub-pool. */
  reserver(): AddressReserver {
    const owners = this.#owners
    const handle: AddressReserver = {
      hold(sender) {
        const owner = owners.get(sender) ?? handle
        if (owner !== handle) throw rejected('address already reserved')
        owners.set(sender, handle)
      },
      release(sender) {
        if (owners.get(sender) === handle) owners.delete(sender)
      },
      isOthers: (sender) => (owners.get(sender) ?? handle) !== handle,
    }
    return handle
  }
}
