import { z } from 'zod'
import type { HeaderOverrides, SealOptions } from '../../src/builder/service.ts'
import { address, compact, data, dataOf, hash, optional, quantity, quantity64 } from '../schema.ts'

/** Header fields by their names in `eth_getBlockByHash`, and by the specification's where those differ. */
const header = z
  .strictObject({
    parentHash: optional(hash),
    sha3Uncles: optional(hash),
    ommersHash: optional(hash),
    miner: optional(address),
    beneficiary: optional(address),
    stateRoot: optional(hash),
    transactionsRoot: optional(hash),
    receiptsRoot: optional(hash),
    logsBloom: optional(dataOf(256)),
    difficulty: optional(quantity),
    number: optional(quantity64),
    gasLimit: optional(quantity64),
    gasUsed: optional(quantity64),
    timestamp: optional(quantity64),
    extraData: optional(data),
    mixHash: optional(hash),
    prevRandao: optional(hash),
    nonce: optional(dataOf(8)),
    baseFeePerGas: optional(quantity),
    withdrawalsRoot: optional(hash),
    blobGasUsed: optional(quantity64),
    excessBlobGas: optional(quantity64),
    parentBeaconBlockRoot: optional(hash),
    requestsHash: optional(hash),
  })
  .transform(({ sha3Uncles, miner, prevRandao, ...fields }): HeaderOverrides => {
    return compact({
      ...fields,
      ommersHash: sha3Uncles ?? fields.ommersHash,
      beneficiary: miner ?? fields.beneficiary,
      mixHash: fields.mixHash ?? prevRandao,
    })
  })

/** The options of `test_seal`: a block is committed and published unless the caller says otherwise. */
export const sealOptions = z
  .strictObject({ commit: optional(z.boolean()), publish: optional(z.boolean()), header: optional(header) })
  .transform(({ commit, publish, header }): SealOptions => {
    const sealed = { commit: commit ?? true, publish: publish ?? true }
    return header === undefined || Object.keys(header).length === 0 ? sealed : { ...sealed, header }
  })
