import type { Hash } from '../primitives/hex.ts'
import { plainError } from './errors.ts'
import type { BuildJob } from './ports.ts'

/** A sequencer that does nothing: every step succeeds, and it never has a job. */
export class NoopSequencer {
  buildJob(): BuildJob {
    throw plainError('JOB_UNKNOWN')
  }

  async includeTx(): Promise<void> {
    throw plainError('JOB_UNKNOWN')
  }

  async newJob(): Promise<void> {
    // Nothing to begin.
  }

  async open(): Promise<void> {
    // Nothing to build.
  }

  async seal(): Promise<void> {
    // Nothing to complete.
  }

  async prebuilt(): Promise<void> {
    // Nothing to keep.
  }

  async sign(): Promise<void> {
    // Nothing to sign.
  }

  async commit(): Promise<void> {
    // Nothing to commit.
  }

  async publish(): Promise<void> {
    // Nothing to tell.
  }

  async next(): Promise<void> {
    // Nothing remains.
  }

  async start(): Promise<void> {
    throw plainError('SEQUENCER_INACTIVE')
  }

  async stop(): Promise<Hash> {
    throw plainError('SEQUENCER_INACTIVE')
  }
}
