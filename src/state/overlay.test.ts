import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Address, type Hash, toWord } from '../primitives/hex.ts'
import { EMPTY_TRIE_ROOT, KECCAK_EMPTY } from '../primitives/keccak.ts'
import type { AccountState, StateReader } from './diff.ts'
import { type AccountFields, Overlay } from './overlay.ts'

const ADDRESSES: readonly Address[] = [1, 2, 3].map((n): Address => `0x${String(n).repeat(40)}`)
const SLOTS: readonly Hash[] = [0n, 1n, 2n].map(toWord)

/** The state below: one account with storage, one without, one absent. */
const parent: StateReader = {
  account: (address) => base(address),
  slot: async (address, slot) => (address === ADDRESSES[0] ? BigInt(slot) + 10n : 0n),
  code: () => new Uint8Array(0),
}

function base(address: Address): AccountState | undefined {
  if (address === ADDRESSES[2]) return undefined
  const storageRoot = address === ADDRESSES[0] ? toWord(77n) : EMPTY_TRIE_ROOT
  return { nonce: 1n, balance: 100n, codeHash: KECCAK_EMPTY, storageRoot }
}

/** The same, held as a plain copy. */
interface Model {
  accounts: Map<Address, AccountFields | undefined>
  slots: Map<string, bigint>
}

function freshModel(): Model {
  const fields = (address: Address): AccountFields | undefined => {
    const state = base(address)
    return state && { nonce: state.nonce, balance: state.balance, codeHash: state.codeHash }
  }
  return {
    accounts: new Map(ADDRESSES.map((address) => [address, fields(address)])),
    slots: new Map(
      ADDRESSES.flatMap((address, i) =>
        SLOTS.map((slot): [string, bigint] => [address + slot, i === 0 ? BigInt(slot) + 10n : 0n]),
      ),
    ),
  }
}

type Step =
  | { readonly op: 'account'; readonly who: number; readonly balance: bigint | undefined }
  | { readonly op: 'slot'; readonly who: number; readonly slot: number; readonly value: bigint }
  | { readonly op: 'clear'; readonly who: number }
  | { readonly op: 'mark' }
  | { readonly op: 'revert' }

const who = fc.integer({ min: 0, max: 2 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    op: fc.constant('account' as const),
    who,
    balance: fc.option(fc.bigInt({ min: 1n, max: 5n }), { nil: undefined }),
  }),
  fc.record({
    op: fc.constant('slot' as const),
    who,
    slot: fc.integer({ min: 0, max: 2 }),
    value: fc.bigInt({ min: 0n, max: 3n }),
  }),
  fc.record({ op: fc.constant('clear' as const), who }),
  fc.constant({ op: 'mark' as const }),
  fc.constant({ op: 'revert' as const }),
)

function clearSlots(model: Model, address: Address): void {
  for (const slot of SLOTS) model.slots.set(address + slot, 0n)
}

function apply(overlay: Overlay, model: Model, action: Step): void {
  if (action.op === 'mark' || action.op === 'revert') return
  const address = ADDRESSES[action.who] as Address
  if (action.op === 'account') {
    const fields =
      action.balance === undefined ? undefined : { nonce: 5n, balance: action.balance, codeHash: KECCAK_EMPTY }
    overlay.setAccount(address, fields)
    model.accounts.set(address, fields)
    if (fields === undefined) clearSlots(model, address)
  } else if (action.op === 'slot') {
    const slot = SLOTS[action.slot] as Hash
    overlay.setSlot(address, slot, action.value)
    model.slots.set(address + slot, action.value)
  } else {
    overlay.clearStorage(address)
    clearSlots(model, address)
  }
}

async function expectSame(overlay: Overlay, model: Model): Promise<void> {
  for (const address of ADDRESSES) {
    const account = await overlay.account(address)
    const fields = account && { nonce: account.nonce, balance: account.balance, codeHash: account.codeHash }
    expect(fields).toEqual(model.accounts.get(address))
    for (const slot of SLOTS) expect(await overlay.slot(address, slot)).toBe(model.slots.get(address + slot))
  }
}

describe('the overlay', () => {
  it('reads what was written last, and after a revert what was there at the mark', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const overlay = new Overlay(parent)
        for (const address of ADDRESSES) await overlay.account(address)
        let model = freshModel()
        const marks: { mark: number; model: Model }[] = []
        for (const action of steps) {
          if (action.op === 'mark') {
            const copy = { accounts: new Map(model.accounts), slots: new Map(model.slots) }
            marks.push({ mark: overlay.mark(), model: copy })
          } else if (action.op === 'revert') {
            const last = marks.pop()
            if (last === undefined) continue
            overlay.revertTo(last.mark)
            model = last.model
          } else apply(overlay, model, action)
          await expectSame(overlay, model)
        }
      }),
    )
  })

  it('leaves out of the diff what ended as it began', async () => {
    const overlay = new Overlay(parent)
    const [address, other] = ADDRESSES as [Address, Address]
    const [slot] = SLOTS as [Hash]
    const before = (await overlay.account(address)) as AccountFields
    const value = await overlay.slot(address, slot)
    overlay.setAccount(address, { ...before, balance: 7n })
    overlay.setAccount(address, { ...before })
    overlay.setSlot(address, slot, value + 1n)
    overlay.setSlot(address, slot, value)
    await overlay.account(other)
    expect(overlay.diff().accounts.size).toBe(0)
  })

  it('removes an account that a transaction left empty', async () => {
    const overlay = new Overlay(parent)
    const [address] = ADDRESSES as [Address]
    await overlay.account(address)
    overlay.setAccount(address, { nonce: 0n, balance: 0n, codeHash: KECCAK_EMPTY })
    expect(await overlay.account(address)).toBeUndefined()
    expect(overlay.diff().accounts.get(address)).toMatchObject({ account: undefined, storageCleared: true })
  })

  it('takes slots that nobody read', async () => {
    const overlay = new Overlay(parent)
    const [address] = ADDRESSES as [Address]
    const [slot] = SLOTS as [Hash]
    await overlay.account(address)
    overlay.setSlot(address, slot, 5n)
    expect(overlay.diff().accounts.get(address)?.storage).toEqual(new Map([[slot, 5n]]))
  })

  it('knows what a slot held when the transaction began', async () => {
    const overlay = new Overlay(parent)
    const [address] = ADDRESSES as [Address]
    const [slot] = SLOTS as [Hash]
    await overlay.slot(address, slot)
    overlay.beginTransaction()
    overlay.setSlot(address, slot, 1n)
    overlay.setSlot(address, slot, 2n)
    expect(await overlay.originalSlot(address, slot)).toBe(10n)
    overlay.beginTransaction()
    expect(await overlay.originalSlot(address, slot)).toBe(2n)
  })
})
