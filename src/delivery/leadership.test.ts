import { describe, expect, it } from 'vitest'
import type { DeliverableBlock } from '../builder/service.ts'
import { AppError } from '../primitives/errors.ts'
import { EMPTY_HEADER, hashHeader } from '../protocol/header.ts'
import { Conducted } from './conducted.ts'
import { ConductorLeadership } from './leadership.ts'

const BLOCK: DeliverableBlock = { hash: hashHeader(EMPTY_HEADER), header: EMPTY_HEADER, transactions: [] }

/** A conductor that answers as it is told. */
function conductor() {
  const asked: string[] = []
  const world = { leads: false, says: undefined as string | undefined, down: false, asked }
  const answer = (method: string): void => {
    asked.push(method)
    if (world.down) throw new AppError('RPC_UNAVAILABLE', { severity: 'temporary' })
    if (world.says !== undefined) {
      throw new AppError('RPC_ERROR', { message: `conductor: ${world.says}`, data: { message: world.says } })
    }
  }
  const leadership = new ConductorLeadership({
    async leader() {
      answer('leader')
      return world.leads
    },
    async commitUnsafePayload({ hash }) {
      answer(`commit ${hash}`)
    },
  })
  return { world, leadership }
}

describe('leadership by a conductor', () => {
  it('is what the conductor says, until it is overridden', async () => {
    const { world, leadership } = conductor()
    expect(await leadership.isLeader({})).toBe(false)
    world.leads = true
    expect(await leadership.isLeader({})).toBe(true)
    world.down = true
    await expect(leadership.isLeader({})).rejects.toMatchObject({ code: 'RPC_UNAVAILABLE' })
    leadership.override(true)
    expect(await leadership.isLeader({})).toBe(true)
    await leadership.commit(BLOCK, {})
    leadership.override(false)
    await expect(leadership.commit(BLOCK, {})).rejects.toMatchObject({ code: 'RPC_UNAVAILABLE' })
  })

  it.each([
    ['failed to apply payload envelope: node is not the leader', 'CONDUCTOR_REFUSED'],
    ['failed to apply payload envelope: leadership transfer in progress', 'CONDUCTOR_REFUSED'],
    ['failed to marshal payload envelope: execution payload envelope is missing data', 'CONDUCTOR_REFUSED'],
    // These leave open what becomes of the block.
    ['failed to apply payload envelope: leadership lost while committing log', 'NODE_UNAVAILABLE'],
    ['failed to apply payload envelope: raft is already shutdown', 'NODE_UNAVAILABLE'],
  ])('takes «%s» for %s', async (says, code) => {
    const { world, leadership } = conductor()
    world.says = says
    await expect(leadership.commit(BLOCK, {})).rejects.toMatchObject({ code })
  })
})

describe('the consent of a conductor for manual jobs', () => {
  function setUp() {
    const { world, leadership } = conductor()
    const conducted = new Conducted(leadership)
    const done: string[] = []
    let invalid = false
    const committer = conducted.committer({
      async commit() {
        done.push('commit')
      },
      async check() {
        if (invalid) throw new AppError('COMMIT_REFUSED', { data: { status: 'INVALID' } })
        return true
      },
      setForkchoice: async () => ({ head: BLOCK.hash, safe: BLOCK.hash, finalized: BLOCK.hash }),
    })
    const publisher = conducted.publisher({
      async publish() {
        done.push('publish')
      },
    })
    const becomesInvalid = (): void => {
      invalid = true
    }
    return { world, committer, publisher, done, becomesInvalid }
  }

  it('is asked for once, before anything else happens', async () => {
    const { world, committer, publisher, done } = setUp()
    await publisher.publish(BLOCK, {})
    await committer.commit(BLOCK, {})
    expect(done).toEqual(['publish', 'commit'])
    expect(world.asked).toEqual([`commit ${BLOCK.hash}`])
  })

  it('refuses with the code of the call', async () => {
    const { world, committer, publisher, done } = setUp()
    world.says = 'node is not the leader'
    await expect(committer.commit(BLOCK, {})).rejects.toMatchObject({
      code: 'COMMIT_REFUSED',
      data: { status: 'NOT_LEADER' },
    })
    await expect(publisher.publish(BLOCK, {})).rejects.toMatchObject({
      code: 'PUBLISH_REFUSED',
      message: /not the leader/,
    })
    expect(done).toEqual([])
    world.says = undefined
    await committer.commit(BLOCK, {})
    expect(done).toEqual(['commit'])
  })

  it('is not asked for with a block that the node finds invalid', async () => {
    const { world, committer, becomesInvalid } = setUp()
    becomesInvalid()
    await expect(committer.commit(BLOCK, {})).rejects.toMatchObject({ code: 'COMMIT_REFUSED' })
    expect(world.asked).toEqual([])
  })
})
