import { bytesToBigInt } from '../primitives/hex.ts'
import { type RlpSpan, rlpSpan } from '../primitives/rlp.ts'

/** One field of a list, by its place: nothing is copied. */
export interface RlpField extends RlpSpan {
  /** Where its head begins: at {@link RlpSpan.start} for a single byte. */
  readonly at: number
}

/**
 * Goes through a list field by field without making anything of it: what a stranger encoded may have millions of fields.
 * Refuses by its own words what is not what is asked for.
 */
export class RlpFields {
  readonly #bytes: Uint8Array
  readonly #end: number
  readonly #fail: (message: string) => never
  #at: number

  /**
   * @param span the list
   * @param fail throws the error of whoever reads; RLP that is not canonical throws RLP_INVALID
   */
  constructor(bytes: Uint8Array, span: RlpSpan, fail: (message: string) => never) {
    if (!span.list) fail('expected a list')
    this.#bytes = bytes
    this.#at = span.start
    this.#end = span.end
    this.#fail = fail
  }

  get done(): boolean {
    return this.#at >= this.#end
  }

  next(): RlpField {
    if (this.done) this.#fail('too few fields')
    const at = this.#at
    const { list, start, end } = rlpSpan(this.#bytes, at, this.#end)
    this.#at = end
    return { at, list, start, end }
  }

  /** The field with its head, as it is encoded. */
  encoded(field: RlpField): Uint8Array {
    return this.#bytes.subarray(field.at, field.end)
  }

  /** @param size bytes that it must have; any number when left out */
  string(size?: number): RlpField {
    const field = this.next()
    if (field.list) this.#fail('expected a byte string')
    if (size !== undefined && field.end - field.start !== size) this.#fail(`expected ${size} bytes`)
    return field
  }

  /** An unsigned integer in its shortest form. @param maxBytes any number when left out */
  uint(maxBytes: number = Number.POSITIVE_INFINITY): RlpField {
    const field = this.string()
    if (field.end - field.start > maxBytes) this.#fail(`integer exceeds ${maxBytes} bytes`)
    if (field.end > field.start && this.#bytes[field.start] === 0) this.#fail('integer has a leading zero')
    return field
  }

  list(): RlpFields {
    return new RlpFields(this.#bytes, this.next(), this.#fail)
  }

  value(field: RlpField): bigint {
    return bytesToBigInt(this.body(field))
  }

  body(field: RlpField): Uint8Array {
    return this.#bytes.subarray(field.start, field.end)
  }

  /** Refuses more fields. */
  finish(): void {
    if (!this.done) this.#fail('too many fields')
  }
}
