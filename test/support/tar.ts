import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const BLOCK = 512

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}

/**
 * The members of a .tar.gz, by path without a leading "./". Plain ustar members only: that is what vectors are packed in.
 * @param wanted tells which members to keep
 */
export function readTarGz(path: string, wanted: (name: string) => boolean): Map<string, Uint8Array> {
  const bytes = gunzipSync(readFileSync(path))
  const members = new Map<string, Uint8Array>()
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0; ) {
    const header = bytes.subarray(at, at + BLOCK)
    const prefix = text(header.subarray(345, 500))
    const name = `${prefix === '' ? '' : `${prefix}/`}${text(header.subarray(0, 100))}`.replace(/^\.\//, '')
    const size = Number.parseInt(text(header.subarray(124, 136)).trim() || '0', 8)
    if (wanted(name)) members.set(name, bytes.subarray(at + BLOCK, at + BLOCK + size))
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
  return members
}
