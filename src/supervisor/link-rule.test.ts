import { describe, expect, it } from 'vitest'
import { OpForks } from '../protocol/forks.ts'
import { type LinkRules, linkFault } from './link-rule.ts'

const WINDOW = 100n
const rollup = (interop: bigint, blockTime = 2n) => ({ rollup: { forks: new OpForks({ interop }), blockTime } })
const RULES: LinkRules = {
  dependencySet: { chainIds: [1n, 2n], messageExpiryWindow: WINDOW },
  chains: new Map([
    [1n, rollup(1000n)],
    [2n, rollup(1001n, 1n)],
    [3n, rollup(1000n)],
  ]),
}
const at = (chainId: bigint, timestamp: bigint) => ({ chainId, timestamp })
const fault = (executing: bigint, initiating: bigint) => linkFault(RULES, at(1n, executing), at(2n, initiating))

describe('a link between two chains', () => {
  it('holds for a message that is not later, also of the chain itself', () => {
    expect(fault(1010n, 1010n)).toBeUndefined()
    expect(fault(1010n, 1002n)).toBeUndefined()
    expect(linkFault(RULES, at(1n, 1010n), at(1n, 1010n))).toBeUndefined()
    expect(fault(1010n, 1011n)).toMatch(/later/)
  })

  it('holds for as long as the window, and not a second longer', () => {
    expect(fault(1010n + WINDOW, 1010n)).toBeUndefined()
    expect(fault(1011n + WINDOW, 1010n)).toMatch(/expired/)
  })

  it('holds up to the last second that there is', () => {
    const last = (1n << 64n) - 1n
    expect(fault(last, last)).toBeUndefined()
    expect(fault(last, last - WINDOW)).toBeUndefined()
    expect(fault(last, last - WINDOW - 1n)).toMatch(/expired/)
  })

  it('holds between blocks behind the activation of both chains only', () => {
    expect(fault(1002n, 1001n)).toMatch(/activates/)
    expect(fault(1002n, 1002n)).toBeUndefined()
    expect(fault(1002n, 1000n)).toMatch(/no messages yet/)
    expect(linkFault(RULES, at(1n, 1001n), at(2n, 1000n))).toMatch(/chain 1 activates/)
    expect(linkFault(RULES, at(1n, 999n), at(2n, 999n))).toMatch(/chain 1 has no messages yet/)
  })

  it('holds between chains of the dependency set only', () => {
    expect(linkFault(RULES, at(1n, 1010n), at(3n, 1010n))).toMatch(/chain 3 is not/)
    expect(linkFault(RULES, at(4n, 1010n), at(1n, 1010n))).toMatch(/chain 4 is not/)
  })
})
