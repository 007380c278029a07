import { BaseError, InvalidInputRpcError, RpcRequestError, UnknownRpcError } from 'viem'
import { describe, expect, it } from 'vitest'
import { ProviderRpcError } from './in-process-chain.ts'
import {
  BatchInputError,
  BatchNotIncludedError,
  BatchRefusedError,
  CommitRefusedError,
  IncludeError,
  JobStateError,
  JobUnknownError,
  NodeUnavailableError,
  ParentUnusableError,
  PublishRefusedError,
  SequencerActiveError,
  SequencerInactiveError,
  typedError,
} from './rpc-errors.ts'

function requestError(code: number, message: string, data?: unknown): RpcRequestError {
  return new RpcRequestError({ body: {}, error: { code, message, data }, url: 'http://127.0.0.1' })
}

describe('an error of the sequencer', () => {
  it('has a class for each code', () => {
    const classes = {
      [-38510]: JobUnknownError,
      [-38511]: JobStateError,
      [-38512]: IncludeError,
      [-38513]: ParentUnusableError,
      [-38530]: CommitRefusedError,
      [-38540]: PublishRefusedError,
      [-38550]: SequencerInactiveError,
      [-38551]: SequencerActiveError,
      [-38560]: BatchInputError,
      [-38561]: BatchRefusedError,
      [-38562]: BatchNotIncludedError,
      [-38590]: NodeUnavailableError,
    }
    for (const [code, type] of Object.entries(classes)) {
      const error = typedError(requestError(Number(code), 'why'))
      expect(error).toBeInstanceOf(type)
      expect(error).toMatchObject({ name: type.name, code: Number(code), data: {}, details: 'why' })
    }
  })

  it('says what the server said, and keeps the chain of causes', () => {
    const cause = requestError(-38512, 'nonce too low: a', { reason: 'nonceTooLow', detail: 'nonce too low: a' })
    const error = typedError(cause)
    expect(error).toBeInstanceOf(BaseError)
    expect(error).toMatchObject({
      reason: 'nonceTooLow',
      detail: 'nonce too low: a',
      shortMessage: 'The transaction cannot be included: nonce too low: a',
      data: { reason: 'nonceTooLow' },
      cause,
    })
    expect((error as BaseError).walk((at) => at instanceof RpcRequestError)).toBe(cause)
    const refused = { status: 'INVALID', validationError: 'invalid merkle root' }
    expect(typedError(requestError(-38530, 'no', refused))).toMatchObject(refused)
    expect(typedError(requestError(-38513, 'no', { rule: 'ORIGIN_ORPHANED' }))).toMatchObject({
      rule: 'ORIGIN_ORPHANED',
    })
    expect(typedError(requestError(-38561, 'no', { nonce: 4, sent: ['0x01'] }))).toMatchObject({
      nonce: 4,
      sent: ['0x01'],
    })
    expect(typedError(requestError(-38562, 'no', { hashes: ['0x01'] }))).toMatchObject({ hashes: ['0x01'] })
    expect(typedError(requestError(-38561, 'no'))).toMatchObject({ nonce: undefined, sent: [] })
    expect(typedError(requestError(-38511, 'no', { state: 'sealed' }))).toMatchObject({ state: 'sealed' })
  })

  it('is found under what a transport wraps around it', () => {
    const inner = new ProviderRpcError({ code: -38510, message: 'unknown job', data: { jobId: 'x' } })
    const error = typedError(new UnknownRpcError(inner))
    expect(error).toBeInstanceOf(JobUnknownError)
    expect(error).toMatchObject({ data: { jobId: 'x' }, shortMessage: 'Unknown job: unknown job' })
  })

  it('is nothing else', () => {
    const others = [
      new InvalidInputRpcError(requestError(-32000, 'nonce too low')),
      new TypeError('x'),
      'text',
      undefined,
    ]
    for (const other of others) expect(typedError(other)).toBe(other)
  })
})
