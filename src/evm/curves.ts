import { type EVMBLSInterface, type EVMBN254Interface, MCLBLS, RustBN254 } from '@ethereumjs/evm'
import { AppError } from '../primitives/errors.ts'

/** Something that takes tens of milliseconds to set up, and is there once for the process when it was first needed. */
class OnDemand<T> {
  readonly #create: () => Promise<T>
  #value: T | undefined
  #loading: Promise<T> | undefined

  constructor(create: () => Promise<T>) {
    this.#create = create
  }

  get isLoaded(): boolean {
    return this.#value !== undefined
  }

  get value(): T {
    if (this.#value !== undefined) return this.#value
    throw new AppError('EVM_INTERNAL', { message: 'a curve is used before it is loaded', severity: 'critical' })
  }

  async load(): Promise<void> {
    this.#loading ??= this.#create()
    this.#value = await this.#loading
  }
}

// WASM: several times faster than pure JS.
const mcl = new OnDemand(async () => {
  const { default: library } = await import('mcl-wasm')
  await library.init(library.BLS12_381)
  const curve = new MCLBLS(library)
  curve.init()
  return curve
})
const rustBn = new OnDemand(async () => {
  const { initRustBN } = await import('rustbn-wasm')
  return new RustBN254(await initRustBN())
})
const pointEvaluation = new OnDemand(() => import('./point-evaluation.ts'))

/** BLS12-381, for the precompiles that {@link loadCurveOf} has loaded it for. */
export const bls: EVMBLSInterface = {
  addG1: (input) => mcl.value.addG1(input),
  addG2: (input) => mcl.value.addG2(input),
  mapFPtoG1: (input) => mcl.value.mapFPtoG1(input),
  mapFP2toG2: (input) => mcl.value.mapFP2toG2(input),
  msmG1: (input) => mcl.value.msmG1(input),
  msmG2: (input) => mcl.value.msmG2(input),
  pairingCheck: (input) => mcl.value.pairingCheck(input),
}

/** alt_bn128, likewise. */
export const bn254: EVMBN254Interface = {
  add: (input) => rustBn.value.add(input),
  mul: (input) => rustBn.value.mul(input),
  pairing: (input) => rustBn.value.pairing(input),
}

/** Whether a KZG proof holds, likewise. */
export function verifyKzgProof(...parameters: [commitment: string, z: string, y: string, proof: string]): boolean {
  return pointEvaluation.value.verifyKzgProof(...parameters)
}

/** Loads what the precompile at an address needs, where that is not there yet. */
export function loadCurveOf(address: number): Promise<void> | undefined {
  const needed = onDemandAt(address)
  return needed?.isLoaded === false ? needed.load() : undefined
}

function onDemandAt(address: number): Pick<OnDemand<unknown>, 'isLoaded' | 'load'> | undefined {
  if (address >= 0x06 && address <= 0x08) return rustBn
  if (address === 0x0a) return pointEvaluation
  return address >= 0x0b && address <= 0x11 ? mcl : undefined
}
