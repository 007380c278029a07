import { z } from 'zod'
import { type Address, bytesToHex, type Hash, hexToBytes } from '../primitives/hex.ts'
import { privateKeyToAddress } from '../primitives/secp256k1.ts'
import { duration } from './duration.ts'
import type { FileSchemas } from './files.ts'

/** How a chain's blocks are batched by themselves; what is left out is what its upgrades allow. */
export interface AutoBatchSettings {
  /** Milliseconds between two looks; absent: with each L1 block. */
  readonly intervalMs?: number
  readonly type?: 'singular' | 'span'
  readonly compression?: 'zlib' | 'brotli'
  /** Bytes of data of a frame. */
  readonly maxFrameBytes?: number
  /** Blocks of a channel. */
  readonly maxBlocks?: number
}

/** Who puts a chain's blocks on L1 in this process. */
export interface BatcherSettings {
  readonly account: { readonly address: Address; readonly key: Hash }
  readonly da: 'calldata' | 'blobs'
  /** Absent: nothing is sent that nobody asks for. */
  readonly auto?: AutoBatchSettings
}

const privateKey = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, 'expected a 32-byte 0x key')
  .transform((value) => hexToBytes(value))

/** `chains[].batcher`. */
export function batcherSchema(files: Pick<FileSchemas, 'secret'>) {
  return z
    .strictObject({
      key: privateKey.optional(),
      keyFile: files.secret.optional(),
      da: z.enum(['calldata', 'blobs']).default('calldata'),
      auto: z
        .union([
          z.boolean(),
          z.strictObject({
            interval: duration.refine((ms) => ms > 0, 'must be positive').optional(),
            type: z.enum(['singular', 'span']).optional(),
            compression: z.enum(['zlib', 'brotli']).optional(),
            maxFrameBytes: z.int().positive().optional(),
            maxBlocks: z.int().positive().optional(),
          }),
        ])
        .default(false),
    })
    .transform(({ key, keyFile, da, auto }, context) => {
      const secret = key ?? keyFile
      if (secret === undefined || (key !== undefined && keyFile !== undefined)) {
        context.addIssue('expected one of key and keyFile')
        return z.NEVER
      }
      try {
        return { account: { address: privateKeyToAddress(secret), key: bytesToHex(secret) }, da, auto }
      } catch {
        context.addIssue('the key is none of secp256k1')
        return z.NEVER
      }
    })
}

/** The typed form of a section that passed its schema. */
export function batcherSettings({ account, da, auto }: z.output<ReturnType<typeof batcherSchema>>): BatcherSettings {
  if (auto === false) return { account, da }
  if (auto === true) return { account, da, auto: {} }
  const { interval, type, compression, maxFrameBytes, maxBlocks } = auto
  return {
    account,
    da,
    auto: {
      ...(interval !== undefined && { intervalMs: interval }),
      ...(type !== undefined && { type }),
      ...(compression !== undefined && { compression }),
      ...(maxFrameBytes !== undefined && { maxFrameBytes }),
      ...(maxBlocks !== undefined && { maxBlocks }),
    },
  }
}
