import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { bytesToHex, hexToBytes } from '../primitives/hex.ts'
import { privateKeyToAddress, signHash } from '../primitives/secp256k1.ts'
import { blockSigningHash } from '../protocol/block-signature.ts'
import { OpSigner, type OpSignerOptions } from './op-signer.ts'

const TLS = fileURLToPath(new URL('../../test/fixtures/tls/', import.meta.url))
const KEY = hexToBytes('11'.repeat(32))
const ADDRESS = privateKeyToAddress(KEY)
const CHAIN_ID = 901n
const PAYLOAD_HASH = hexToBytes('22'.repeat(32))
const SIGNATURE = bytesToHex(signHash(blockSigningHash(CHAIN_ID, PAYLOAD_HASH), KEY))

interface Call {
  readonly id: number
  readonly method: string
  readonly params: readonly unknown[]
}

interface Seen extends Call {
  readonly client: string | undefined
  readonly header: string | undefined
}

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A signing service; `answer` gives a result, or an error object. */
async function serve(
  answer: (call: Call) => object,
  options: Partial<OpSignerOptions> & { readonly secure?: boolean } = {},
): Promise<{ readonly signer: OpSigner; readonly seen: Seen[] }> {
  const { secure = false, ...rest } = options
  const seen: Seen[] = []
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const call = JSON.parse(Buffer.concat(chunks).toString()) as Call
      const client = secure ? (request.socket as TLSSocket).getPeerCertificate().subject?.CN : undefined
      seen.push({
        ...call,
        client: client as string | undefined,
        header: request.headers['x-key'] as string | undefined,
      })
      response.end(JSON.stringify({ jsonrpc: '2.0', id: call.id, ...answer(call) }))
    })
  }
  const read = (name: string): Buffer => readFileSync(join(TLS, name))
  const server = secure
    ? createHttpsServer(
        { key: read('server.key'), cert: read('server.pem'), ca: read('authority.pem'), requestCert: true },
        listener,
      )
    : createHttpServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const endpoint = `${secure ? 'https' : 'http'}://127.0.0.1:${port}`
  const signer = new OpSigner({ name: 'test.signer', endpoint, address: ADDRESS, chainId: CHAIN_ID, ...rest })
  cleanups.push(async () => {
    await signer.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { signer, seen }
}

const signs = (): object => ({ result: SIGNATURE })

/** As a service of the first version. */
const signsOnlyFirst = ({ method }: Call): object =>
  method === 'opsigner_signBlockPayload' ? signs() : { error: { code: -32601, message: 'no such method' } }

describe('op-signer', () => {
  it('is asked for a signature of the block', async () => {
    const { signer, seen } = await serve(signs, { headers: { 'x-key': 'secret' } })
    expect(bytesToHex(await signer.sign(PAYLOAD_HASH, {}))).toBe(SIGNATURE)
    expect(seen).toMatchObject([
      {
        method: 'opsigner_signBlockPayloadV2',
        params: [
          {
            domain: `0x${'00'.repeat(32)}`,
            chainId: '0x385',
            payloadHash: `0x${'22'.repeat(32)}`,
            senderAddress: ADDRESS,
          },
        ],
        header: 'secret',
      },
    ])
  })

  it('of the first version is asked in its own way, and the other is not tried again', async () => {
    const { signer, seen } = await serve(signsOnlyFirst)
    for (let i = 0; i < 2; i++) expect(bytesToHex(await signer.sign(PAYLOAD_HASH, {}))).toBe(SIGNATURE)
    expect(seen.map(({ method }) => method)).toEqual([
      'opsigner_signBlockPayloadV2',
      'opsigner_signBlockPayload',
      'opsigner_signBlockPayload',
    ])
    expect(seen[1]?.params).toEqual([
      {
        domain: new Array(32).fill(0),
        chainId: 901,
        payloadHash: Buffer.from(PAYLOAD_HASH).toString('base64'),
        senderAddress: ADDRESS,
      },
    ])
  })

  it.each([
    ['refuses', { error: { code: -32011, message: 'unauthorized' } }, /unauthorized/],
    ['gives something else', { result: '0x1234' }, /no signature of 65 bytes/],
    ['signs as somebody else', { result: bytesToHex(signHash(blockSigningHash(1n, PAYLOAD_HASH), KEY)) }, /is of 0x/],
    ['gives bytes that are no signature', { result: `0x${'ff'.repeat(65)}` }, /is of nobody/],
  ])('that %s is told of, and asked again the next time', async (_name, first, message) => {
    let calls = 0
    const { signer } = await serve(() => (calls++ === 0 ? first : signs()))
    await expect(signer.sign(PAYLOAD_HASH, {})).rejects.toMatchObject({
      code: 'SIGNING_FAILED',
      severity: 'temporary',
      message: expect.stringMatching(message),
    })
    expect(bytesToHex(await signer.sign(PAYLOAD_HASH, {}))).toBe(SIGNATURE)
  })

  it('is not waited for by who has gone', async () => {
    const { signer } = await serve(signs)
    const gone = AbortSignal.abort(new Error('gone'))
    await expect(signer.sign(PAYLOAD_HASH, { signal: gone })).rejects.toThrow('gone')
  })

  it('over TLS: each knows the other, and new certificates are taken up', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'op-signer-'))
    cleanups.push(() => rmSync(folder, { recursive: true }))
    const tls = { ca: join(TLS, 'authority.pem'), cert: join(folder, 'tls.pem'), key: join(folder, 'tls.key') }
    const become = (client: string): void => {
      copyFileSync(join(TLS, `${client}.pem`), tls.cert)
      copyFileSync(join(TLS, `${client}.key`), tls.key)
    }
    const { signer, seen } = await serve(signs, { secure: true, tls })
    // Nothing there yet.
    await expect(signer.sign(PAYLOAD_HASH, {})).rejects.toMatchObject({ code: 'SIGNING_FAILED' })
    for (const client of ['client-1', 'client-1', 'client-2']) {
      become(client)
      expect(bytesToHex(await signer.sign(PAYLOAD_HASH, {}))).toBe(SIGNATURE)
    }
    expect(seen.map(({ client }) => client)).toEqual(['client-1', 'client-1', 'client-2'])
  })

  it('is not trusted without an authority that knows it', async () => {
    const { signer, seen } = await serve(signs, { secure: true })
    await expect(signer.sign(PAYLOAD_HASH, {})).rejects.toMatchObject({ code: 'SIGNING_FAILED' })
    expect(seen).toEqual([])
  })
})
