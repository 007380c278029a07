/**
 * What is to become of a batch. `drop`: it is invalid for good. `past`: it is of blocks that are there (Holocene). `future`: it may
 * be valid later (before Holocene). `undecided`: more L1 blocks have to be known.
 */
export type BatchVerdict =
  | { readonly tag: 'accept' }
  | { readonly tag: 'drop' | 'undecided' | 'future' | 'past'; readonly why: string }

/** The batch is valid. */
export const ACCEPT: BatchVerdict = { tag: 'accept' }

/** The batch is invalid for good. */
export function drop(why: string): BatchVerdict {
  return { tag: 'drop', why }
}

/** More L1 blocks have to be known. */
export function undecided(why: string): BatchVerdict {
  return { tag: 'undecided', why }
}
