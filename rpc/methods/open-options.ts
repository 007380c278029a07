import { z } from 'zod'
import type { L1OpenOptions, OpenOptions } from '../../src/builder/service.ts'
import { address, blockSelector, compact, data, hash, optional, quantity64 } from '../schema.ts'

const common = {
  timestamp: optional(quantity64),
  gasLimit: optional(quantity64),
  prevRandao: optional(hash),
  feeRecipient: optional(address),
  extraData: optional(data),
  transactions: optional(z.array(data)),
  force: optional(z.boolean()),
}

const SAME_OPTION = 'are the same option: give one'

/**
 * `opts` of `test_open` on an L2 chain; `parent` is another name of `l2Parent`. Keys that are not known are refused: a typo
 * must not build another block.
 */
export const l2OpenOptions = z
  .strictObject({
    l2Parent: optional(blockSelector('latest')),
    parent: optional(blockSelector('latest')),
    l1Origin: optional(blockSelector('same', 'next')),
    deposits: optional(z.boolean()),
    ...common,
  })
  .transform(({ parent, ...options }, context): OpenOptions => {
    if (parent !== undefined && options.l2Parent !== undefined) {
      context.addIssue(`parent and l2Parent ${SAME_OPTION}`)
      return z.NEVER
    }
    return compact({ ...options, l2Parent: options.l2Parent ?? parent })
  })

const withdrawal = z.strictObject({
  index: quantity64,
  validatorIndex: quantity64,
  address,
  amount: quantity64,
})

/** `opts` of `test_open` on an L1 chain; `l1Parent` is another name of `parent`. */
export const l1OpenOptions = z
  .strictObject({
    parent: optional(blockSelector('latest')),
    l1Parent: optional(blockSelector('latest')),
    parentBeaconBlockRoot: optional(hash),
    withdrawals: optional(z.array(withdrawal)),
    ...common,
  })
  .transform(({ l1Parent, ...options }, context): L1OpenOptions => {
    if (l1Parent !== undefined && options.parent !== undefined) {
      context.addIssue(`parent and l1Parent ${SAME_OPTION}`)
      return z.NEVER
    }
    return compact({ ...options, parent: options.parent ?? l1Parent })
  })
