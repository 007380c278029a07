import { describe, expect, it } from 'vitest'
import { AppError, type Severity } from '../primitives/errors.ts'
import { setbackOf } from './failures.ts'

function error(code: string, data: Record<string, unknown> = {}, severity: Severity = 'invalid'): AppError {
  return new AppError(code, { data, severity })
}

describe('setbackOf', () => {
  it.each([
    ['a node that is down', error('NODE_UNAVAILABLE', {}, 'temporary'), 'nodeUnavailable', 1000],
    ['a node that refuses', error('RPC_ERROR'), 'nodeUnavailable', 1000],
    ['a commit that op-node does not carry out', error('COMMIT_REFUSED', { status: 'ERROR' }), 'nodeUnavailable', 1000],
    ['an engine that lacks blocks', error('COMMIT_REFUSED', { status: 'SYNCING' }), 'engineSyncing', 1000],
    ['an invalid block', error('COMMIT_REFUSED', { status: 'INVALID' }), 'blockRefused', 2000],
    ['a parent that has not come yet', error('PARENT_UNUSABLE', { rule: 'unknownParent' }), 'engineSyncing', 1000],
    ['an origin that is gone', error('PARENT_UNUSABLE', { rule: 'unknownOrigin' }), 'l1Reorg', 2000],
    ['a parent with another fault', error('PARENT_UNUSABLE', { rule: 'timestamp' }), 'blockRefused', 2000],
    ['an L1 that went another way', error('ORIGIN_ORPHANED', {}, 'reset'), 'l1Reorg', 2000],
    ['publishing that fails', error('PUBLISH_REFUSED'), 'nodeUnavailable', 1000],
    ['a conductor that says no', error('CONDUCTOR_REFUSED', {}), 'notLeading', 2000],
    ['a fault of ours', new TypeError('no'), 'blockRefused', 2000],
  ])('%s', (_, thrown, reason, waitMs) => {
    expect(setbackOf(thrown, 2000)).toMatchObject({ reason, waitMs })
  })
})
