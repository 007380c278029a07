import { EVMError } from '@ethereumjs/evm'

type Category = EVMError['error']

const { errorMessages: E } = EVMError

const TEXTS: ReadonlyMap<Category, string> = new Map<Category, string>([
  [E.REVERT, 'execution reverted'],
  [E.INVALID_JUMP, 'invalid jump destination'],
  [E.STATIC_STATE_CHANGE, 'write protection'],
  [E.CREATE_COLLISION, 'contract address collision'],
])

/** The library's error with the words that geth has for what happened. */
export class VmFault extends EVMError {
  readonly text: string

  constructor(category: Category, text: string) {
    super(category)
    this.text = text
  }

  /** @param text what geth puts behind `out of gas` */
  static outOfGas(text?: string): VmFault {
    return new VmFault(E.OUT_OF_GAS, text === undefined ? 'out of gas' : `out of gas: ${text}`)
  }
}

/** What geth calls an error. Only of one that was thrown under a watch is it exact. */
export function faultText(error: EVMError): string {
  return error instanceof VmFault ? error.text : (TEXTS.get(error.error) ?? error.error)
}
