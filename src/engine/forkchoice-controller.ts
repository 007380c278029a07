import { AppError, isAppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'
import type { PayloadAttributes } from '../protocol/attributes.ts'
import type { Payload } from '../protocol/payload.ts'
import type { BlockId } from '../protocol/refs.ts'
import type { EngineApi, EngineErrorCode, EngineStatus, ForkchoiceState, PayloadTicket } from './engine-api.ts'

/** The labels that go with a head. */
export type EngineLabels = Pick<ForkchoiceState, 'safe' | 'finalized'>

/** What became of a block that was made elsewhere. `syncing`: the engine has to fetch what is before it. */
export type Inserted =
  | { readonly tag: 'valid' }
  | { readonly tag: 'syncing' }
  | { readonly tag: 'invalid'; readonly reason: string }

/** What became of attributes. `refused`: there is no valid block with them. */
export type Built =
  | { readonly tag: 'built'; readonly payload: Payload }
  | { readonly tag: 'refused'; readonly reason: string }

/** What a block is to be made of. */
export interface BlockPlan {
  readonly attributes: PayloadAttributes
  /** Why the block that the engine has made is not wanted; asked before it is inserted. */
  readonly refuses?: (payload: Payload) => string | undefined
}

/** Error codes of the Engine API. @see execution-apis, engine/common */
const FORKCHOICE_INVALID = -38_002
const ATTRIBUTES_INVALID = -38_003

function isEngineCode(code: number): boolean {
  return -38_100 < code && code <= -38_000
}

/** The engine's own code of what it refused a call with; undefined for other errors. */
function engineCode(error: unknown): number | undefined {
  return isAppError(error, 'ENGINE_REFUSED') && typeof error.data?.code === 'number' ? error.data.code : undefined
}

function refused(message: string, cause?: unknown): AppError<EngineErrorCode> {
  return new AppError('FORKCHOICE_REFUSED', { message, severity: 'reset', cause })
}

/** Nothing is wrong with the call: it may be done again. */
function later(code: Exclude<EngineErrorCode, 'FORKCHOICE_REFUSED'>, message: string, cause?: unknown): AppError {
  return new AppError<EngineErrorCode>(code, { message, severity: 'temporary', cause })
}

function messageOf(error: unknown): string {
  if (!isAppError(error)) return String(error)
  const { err } = (error.data?.data ?? {}) as { readonly err?: unknown }
  return typeof err === 'string' ? `${error.message}: ${err}` : error.message
}

function why({ status, validationError }: EngineStatus): string {
  return validationError ?? `the engine answers ${status}`
}

/**
 * Moves the head and the labels of an engine, and has it insert and build blocks. One call at a time.
 *
 * Errors tell what is to be done: `temporary`, the same once more; `reset`, the engine's chain is not what was assumed.
 * Whatever a transport throws passes as it is.
 * @see OP specs: derivation, "Engine Queue"; op-node, rollup/engine
 */
export class ForkchoiceController {
  readonly #engine: EngineApi
  /** What the engine is known to have; undefined from the moment that it may have something else. */
  #accepted: ForkchoiceState | undefined

  constructor(engine: EngineApi) {
    this.#engine = engine
  }

  /** Whatever was accepted last, the engine may have something else now. */
  forget(): void {
    this.#accepted = undefined
  }

  /**
   * Hands over a block and makes it the head.
   * @throws AppError FORKCHOICE_REFUSED (reset), ENGINE_REFUSED (temporary), a transport's
   */
  async insert(payload: Payload, { safe, finalized }: EngineLabels, io: IoOptions): Promise<Inserted> {
    const inserted = await this.#newPayload(payload, io)
    if (inserted.status === 'INVALID') return { tag: 'invalid', reason: why(inserted) }
    // Also where it cannot be executed yet: that is how an engine learns what to sync to.
    const status = await this.#set({ head: payload.hash, safe, finalized }, io)
    if (status.status === 'INVALID') return { tag: 'invalid', reason: why(status) }
    return { tag: status.status === 'VALID' ? 'valid' : 'syncing' }
  }

  /**
   * Sets head and labels, unless the engine is known to have them. An engine leaves its head where it is when it is given an
   * ancestor of it.
   * @throws AppError FORKCHOICE_REFUSED (reset), ENGINE_REFUSED (temporary), a transport's
   */
  async update(state: ForkchoiceState, io: IoOptions): Promise<'valid' | 'syncing'> {
    const { head, safe, finalized } = state
    const known = this.#accepted
    if (known?.head === head && known.safe === safe && known.finalized === finalized) return 'valid'
    const status = await this.#set(state, io)
    if (status.status === 'VALID') return 'valid'
    if (status.status === 'SYNCING') return 'syncing'
    throw refused(`the engine does not take ${head} as head: ${why(status)}`)
  }

  /**
   * Has the engine make a block of attributes, and makes it the head.
   * @throws AppError FORKCHOICE_REFUSED (reset), ENGINE_SYNCING (temporary), ENGINE_REFUSED (temporary; also where the engine has
   * lost what it was building), a transport's
   */
  async build(
    parent: BlockId,
    { safe, finalized }: EngineLabels,
    { attributes, refuses }: BlockPlan,
    io: IoOptions,
  ): Promise<Built> {
    const started = await this.#start({ head: parent.hash, safe, finalized }, attributes, io)
    if (started.tag === 'refused') return started
    const payload = await this.#engine.getPayload(started.ticket, io).catch((error: unknown) => {
      if (engineCode(error) === undefined) throw error
      // As with op-node: that it is lost says nothing against the attributes.
      throw later('ENGINE_REFUSED', `block ${started.ticket.id} cannot be had: ${messageOf(error)}`, error)
    })
    const unwanted = refuses?.(payload)
    if (unwanted !== undefined) return { tag: 'refused', reason: unwanted }
    const inserted = await this.#newPayload(payload, io)
    if (inserted.status === 'INVALID') return { tag: 'refused', reason: why(inserted) }
    if (inserted.status !== 'VALID') {
      throw later('ENGINE_SYNCING', `the engine answers ${inserted.status} to block ${payload.hash} that it has built`)
    }
    const status = await this.#set({ head: payload.hash, safe, finalized }, io)
    if (status.status === 'VALID') return { tag: 'built', payload }
    throw refused(`the engine does not take ${payload.hash}, which it has built, as head: ${why(status)}`)
  }

  async #start(
    state: ForkchoiceState,
    attributes: PayloadAttributes,
    io: IoOptions,
  ): Promise<
    { readonly tag: 'started'; readonly ticket: PayloadTicket } | Extract<Built, { readonly tag: 'refused' }>
  > {
    const { head } = state
    // Engines differ in whether building on an ancestor of the head moves the head.
    this.forget()
    try {
      const { status, ticket } = await this.#engine.forkchoiceUpdated(state, attributes, io)
      if (status.status === 'INVALID') return { tag: 'refused', reason: why(status) }
      if (status.status !== 'VALID') throw later('ENGINE_SYNCING', `${why(status)} to a block on ${head}`)
      if (ticket === undefined) throw later('ENGINE_REFUSED', `the engine begins no block on ${head}`)
      return { tag: 'started', ticket }
    } catch (error) {
      const code = engineCode(error)
      if (code === undefined) throw error
      if (code === ATTRIBUTES_INVALID) return { tag: 'refused', reason: messageOf(error) }
      const message = `no block can be begun on ${head}: ${messageOf(error)}`
      throw isEngineCode(code) ? refused(message, error) : later('ENGINE_REFUSED', message, error)
    }
  }

  async #newPayload(payload: Payload, io: IoOptions): Promise<EngineStatus> {
    try {
      return await this.#engine.newPayload(payload, io)
    } catch (error) {
      if (engineCode(error) === undefined) throw error
      throw later('ENGINE_REFUSED', `block ${payload.hash} cannot be inserted: ${messageOf(error)}`, error)
    }
  }

  async #set(state: ForkchoiceState, io: IoOptions): Promise<EngineStatus> {
    // Until there is an answer: the engine may have done it, also where the answer is lost.
    this.forget()
    try {
      const { status } = await this.#engine.forkchoiceUpdated(state, undefined, io)
      if (status.status === 'VALID') this.#accepted = state
      return status
    } catch (error) {
      const code = engineCode(error)
      if (code === undefined) throw error
      const message = `the engine refuses ${state.head} as head: ${messageOf(error)}`
      throw code === FORKCHOICE_INVALID ? refused(message, error) : later('ENGINE_REFUSED', message, error)
    }
  }
}
