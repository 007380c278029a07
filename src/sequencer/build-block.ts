import type { BlockBuilderService, CommonOpenOptions, JobId, SealedBlock } from '../builder/service.ts'
import { isAppError } from '../primitives/errors.ts'
import type { IoOptions } from '../primitives/io.ts'

/** As much of a builder as a block from the pool needs. */
export interface BlockBuilder extends Pick<BlockBuilderService<CommonOpenOptions>, 'open' | 'seal' | 'cancel'> {
  /** Includes what the pool has, best first, until none of it can be included or the signal is aborted. @returns how many */
  includeAll(jobId: JobId, io: IoOptions): Promise<number>
}

/**
 * Builds a block on the head with what the pool offers, and makes it the head.
 * @param skipEmpty build nothing where the pool has nothing for it
 * @returns undefined where nothing was built
 * @throws AppError what the builder throws; the job is cancelled then
 */
export async function buildBlock(
  builder: BlockBuilder,
  options: CommonOpenOptions,
  io: IoOptions,
  skipEmpty = false,
): Promise<SealedBlock | undefined> {
  const { signal } = io
  const jobId = await builder.open(options, io)
  try {
    const included = await builder.includeAll(jobId, io)
    signal?.throwIfAborted()
    if (included === 0 && skipEmpty) {
      await builder.cancel(jobId, {})
      return undefined
    }
    return await builder.seal(jobId, { commit: true, publish: true }, {})
  } catch (error) {
    await builder.cancel(jobId, {}).catch((failure: unknown) => {
      // A job that was sealed already cannot be cancelled, and need not be.
      if (!isAppError(failure, 'JOB_STATE')) throw failure
    })
    throw error
  }
}
