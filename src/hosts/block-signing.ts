import { OpSigner } from '../clients/op-signer.ts'
import type { L2Settings, SignerSettings } from '../config/config.ts'
import { BlockSignatures } from '../delivery/block-signatures.ts'
import { KeySigner } from '../delivery/signers/key-signer.ts'

/** The signatures of a chain's blocks. */
export interface BlockSigning {
  readonly signatures: BlockSignatures
  close(): Promise<void>
}

function openSigner(name: string, chainId: bigint, settings: SignerSettings): KeySigner | OpSigner {
  if (settings.kind === 'key') return new KeySigner(chainId, settings.key)
  const { endpoint, address, headers, tls } = settings
  return new OpSigner({
    name: `${name}.signer`,
    endpoint,
    address,
    chainId,
    ...(headers && { headers }),
    ...(tls && { tls }),
  })
}

/** Undefined where nobody signs. */
export function blockSigning({ name, rollup, signer: settings }: L2Settings): BlockSigning | undefined {
  if (settings === undefined) return undefined
  const signer = openSigner(name, rollup.l2ChainId, settings)
  return {
    signatures: new BlockSignatures(signer),
    async close() {
      if (signer instanceof OpSigner) await signer.close()
    },
  }
}
