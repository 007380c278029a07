import { BaseError } from 'viem'
import type { RefusalReason } from '../evm/refusal.ts'

type Data = Readonly<Record<string, unknown>>

/** What an error of the sequencer is made of. */
export interface SequencerErrorParameters {
  readonly code: number
  /** The server's own words. */
  readonly message: string
  /** What the server says beside them. */
  readonly data: Data
  readonly cause: Error
}

/** An error that the sequencer answered, by the code of its JSON-RPC error; `cause` is what the transport threw. */
export class SequencerError extends BaseError {
  override name = 'SequencerError'
  readonly code: number
  readonly data: Data

  constructor(what: string, { code, message, data, cause }: SequencerErrorParameters) {
    super(`${what}: ${message}`, { cause })
    this.code = code
    this.data = data
  }

  /** A field of {@link data} that is text. */
  protected text(key: string): string {
    const value = this.data[key]
    return typeof value === 'string' ? value : ''
  }
}

/** There is no such job, or no longer (-38510). */
export class JobUnknownError extends SequencerError {
  override name = 'JobUnknownError'

  constructor(parameters: SequencerErrorParameters) {
    super('Unknown job', parameters)
  }
}

/** The job is sealed or cancelled (-38511). */
export class JobStateError extends SequencerError {
  override name = 'JobStateError'
  /** `sealed` or `cancelled`. */
  readonly state: string

  constructor(parameters: SequencerErrorParameters) {
    super('The state of the job forbids the call', parameters)
    this.state = this.text('state')
  }
}

/** The transaction cannot stand in the block, and the job is as it was (-38512). */
export class IncludeError extends SequencerError {
  override name = 'IncludeError'
  /** For programs. */
  readonly reason: RefusalReason | (string & {})
  /** In geth's words. */
  readonly detail: string

  constructor(parameters: SequencerErrorParameters) {
    super('The transaction cannot be included', parameters)
    this.reason = this.text('reason')
    this.detail = this.text('detail')
  }
}

/** The parent or the L1 origin is unknown, or cannot be built on (-38513). */
export class ParentUnusableError extends SequencerError {
  override name = 'ParentUnusableError'
  /** The rule that is broken. */
  readonly rule: string

  constructor(parameters: SequencerErrorParameters) {
    super('No block can be built there', parameters)
    this.rule = this.text('rule')
  }
}

/** The node did not take the block (-38530). It stays sealed: commit it again once the cause is gone. */
export class CommitRefusedError extends SequencerError {
  override name = 'CommitRefusedError'
  /** The node's own verdict, such as `INVALID`. */
  readonly status: string
  readonly validationError: string

  constructor(parameters: SequencerErrorParameters) {
    super('The block was not committed', parameters)
    this.status = this.text('status')
    this.validationError = this.text('validationError')
  }
}

/** The block was not published (-38540). It stays sealed. */
export class PublishRefusedError extends SequencerError {
  override name = 'PublishRefusedError'

  constructor(parameters: SequencerErrorParameters) {
    super('The block was not published', parameters)
  }
}

/** Automatic sequencing is off (-38550). */
export class SequencerInactiveError extends SequencerError {
  override name = 'SequencerInactiveError'

  constructor(parameters: SequencerErrorParameters) {
    super('The sequencer is not active', parameters)
  }
}

/** Automatic sequencing is on already (-38551). */
export class SequencerActiveError extends SequencerError {
  override name = 'SequencerActiveError'

  constructor(parameters: SequencerErrorParameters) {
    super('The sequencer is active', parameters)
  }
}

/** What a batcher was asked to make cannot be made (-38560). */
export class BatchInputError extends SequencerError {
  override name = 'BatchInputError'

  constructor(parameters: SequencerErrorParameters) {
    super('It cannot be batched', parameters)
  }
}

/** L1 did not take a batcher transaction (-38561); those before it are sent. */
export class BatchRefusedError extends SequencerError {
  override name = 'BatchRefusedError'
  /** Of the transaction that was refused. */
  readonly nonce: number | undefined
  /** Hashes of those that were sent. */
  readonly sent: readonly string[]

  constructor(parameters: SequencerErrorParameters) {
    super('L1 refused a batcher transaction', parameters)
    const { nonce, sent } = this.data
    this.nonce = typeof nonce === 'number' ? nonce : undefined
    this.sent = Array.isArray(sent) ? (sent as string[]) : []
  }
}

/** Batcher transactions were sent, and are in no L1 block yet (-38562). */
export class BatchNotIncludedError extends SequencerError {
  override name = 'BatchNotIncludedError'
  readonly hashes: readonly string[]

  constructor(parameters: SequencerErrorParameters) {
    super('Not on L1 in time', parameters)
    const { hashes } = this.data
    this.hashes = Array.isArray(hashes) ? (hashes as string[]) : []
  }
}

/** The node behind the sequencer failed or did not answer; safe to try again (-38590). */
export class NodeUnavailableError extends SequencerError {
  override name = 'NodeUnavailableError'

  constructor(parameters: SequencerErrorParameters) {
    super('The node behind the sequencer failed', parameters)
  }
}

const BY_CODE: ReadonlyMap<number, new (parameters: SequencerErrorParameters) => SequencerError> = new Map([
  [-38510, JobUnknownError],
  [-38511, JobStateError],
  [-38512, IncludeError],
  [-38513, ParentUnusableError],
  [-38530, CommitRefusedError],
  [-38540, PublishRefusedError],
  [-38550, SequencerInactiveError],
  [-38551, SequencerActiveError],
  [-38560, BatchInputError],
  [-38561, BatchRefusedError],
  [-38562, BatchNotIncludedError],
  [-38590, NodeUnavailableError],
])

/** What a transport puts into its errors, somewhere down the chain of causes. */
interface Coded {
  readonly code: number
  readonly message: string
  readonly details?: string
  readonly data?: unknown
}

function isCoded(value: unknown): value is Coded {
  const code = typeof value === 'object' && value !== null && 'code' in value ? value.code : undefined
  return typeof code === 'number' && BY_CODE.has(code)
}

/** The typed form of what a transport threw; what the sequencer has no code for stays as it is. */
export function typedError(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown
  let at: unknown = thrown
  while (at instanceof Error && !isCoded(at)) at = at.cause
  if (!isCoded(at)) return thrown
  const TypedError = BY_CODE.get(at.code)
  if (TypedError === undefined) return thrown
  const { code, details, data } = at
  const fields = typeof data === 'object' && data !== null ? (data as Data) : {}
  return new TypedError({ code, message: details ?? at.message, data: fields, cause: thrown })
}
