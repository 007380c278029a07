/** An `eth_subscription` notification. */
export interface Notification {
  readonly subscription: string
  readonly result: unknown
}

interface Message {
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string }
  readonly params?: Notification
}

/** JSON-RPC over a WebSocket, with what comes unasked. */
export class WsClient implements AsyncDisposable {
  /** In the order in which they came; answers stand among them by their id alone. */
  readonly messages: Message[] = []
  readonly closed: Promise<void>
  readonly #socket: WebSocket
  readonly #waiting = new Set<() => void>()
  #id = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    this.closed = new Promise((resolve) => socket.addEventListener('close', () => resolve()))
    socket.addEventListener('message', ({ data }) => {
      this.messages.push(JSON.parse(String(data)) as Message)
      for (const look of [...this.#waiting]) look()
    })
  }

  /** @throws Error when the server refuses */
  static async connect(url: string): Promise<WsClient> {
    const socket = new WebSocket(url.replace('http', 'ws'))
    const client = new WsClient(socket)
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve())
      socket.addEventListener('error', () => reject(new Error(`${url} takes no WebSocket`)))
    })
    return client
  }

  get notifications(): readonly Notification[] {
    return this.messages.flatMap(({ params }) => (params === undefined ? [] : [params]))
  }

  /** Results of one subscription. */
  results(subscription: string): readonly unknown[] {
    return this.notifications.filter((each) => each.subscription === subscription).map(({ result }) => result)
  }

  /** Resolves when something holds of what has come. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  async answer(method: string, ...params: readonly unknown[]): Promise<Message> {
    const id = ++this.#id
    this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    const find = (): Message | undefined => this.messages.find((message) => message.id === id)
    await this.until(() => find() !== undefined)
    return find() as Message
  }

  /** @throws Error with the answer's message */
  async call<T = unknown>(method: string, ...params: readonly unknown[]): Promise<T> {
    const { result, error } = await this.answer(method, ...params)
    if (error !== undefined) throw new Error(`${method}: ${error.message} (${error.code})`)
    return result as T
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    await this.closed
  }
}
