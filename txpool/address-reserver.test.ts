import { describe, expect, it } from 'vitest'
import { devAccounts } from '../test/peers/support/dev-accounts.ts'
import { AddressReservations } from './address-reserver.ts'

const sender = devAccounts[0]?.address.toLowerCase() as `0x${string}`

describe('reserved accounts', () => {
  it('are one sub-pool’s until that lets go, in geth’s words', () => {
    const reservations = new AddressReservations()
    const [one, other] = [reservations.reserver(), reservations.reserver()]
    one.hold(sender)
    one.hold(sender)
    expect(() => other.hold(sender)).toThrow('address already reserved')
    expect([one.isOthers(sender), other.isOthers(sender)]).toEqual([false, true])
    other.release(sender)
    expect(other.isOthers(sender)).toBe(true)
    one.release(sender)
    other.hold(sender)
    expect([one.isOthers(sender), other.isOthers(sender)]).toEqual([true, false])
  })
})
