/** What went between the pool and its peers so far. */
export interface ExchangeStats {
  /** Transactions that peers sent. */
  received: number
  /** Of these, those that the pool took. */
  added: number
  refused: number
  /** Transactions that were pushed or announced, once for each peer. */
  sent: number
  /** Transactions that peers asked for and got. */
  served: number
  /** Peers that broke the protocol. */
  dropped: number
}
