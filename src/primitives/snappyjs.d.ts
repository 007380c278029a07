declare module 'snappyjs' {
  /** Packs in snappy's block format. */
  export function compress(bytes: Uint8Array): Uint8Array
  /** Unpacks what is trusted: a hostile stream can make it run forever. */
  export function uncompress(packed: Uint8Array, maxLength: number): Uint8Array
}
