import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { PeerBars } from './peer-bars.ts'
import { ApplicationScores, peerScoreParams } from './scoring.ts'

describe('scores of peers', () => {
  it("are op-node's light ones for a block time of two seconds", () => {
    const { behaviourPenaltyDecay, ...params } = peerScoreParams(2n, () => 0)
    // op-node, TestLightPeerScoreParams: ScoreDecay(10 epochs of 6 slots, slot).
    expect(behaviourPenaltyDecay).toBeCloseTo(0.9261187281287935, 12)
    expect(params).toMatchObject({ decayInterval: 2_000, retainScore: 1_200_000, topics: {}, decayToZero: 0.01 })
  })

  it('rise with good answers and fall with bad ones, up to a cap', () => {
    const scores = new ApplicationScores()
    for (let i = 0; i < 30; i++) scores.count('good', 'validResponses')
    for (let i = 0; i < 30; i++) scores.count('bad', 'errorResponses')
    for (let i = 0; i < 5; i++) scores.count('liar', 'rejectedPayloads')
    expect([scores.score('good'), scores.score('bad'), scores.score('liar'), scores.score('nobody')]).toEqual([
      5, -9, -100, 0,
    ])
  })

  it('are forgotten with time', () => {
    const scores = new ApplicationScores()
    scores.count('peer', 'validResponses')
    for (let i = 0; i < 59; i++) scores.decay()
    expect(scores.score('peer')).toBeGreaterThan(0)
    for (let i = 0; i < 3; i++) scores.decay()
    expect(scores.of('peer')).toEqual({ validResponses: 0, errorResponses: 0, rejectedPayloads: 0 })
  })
})

it('peers are barred for a time, or until somebody says otherwise', async () => {
  const clock = new VirtualClock()
  const bars = new PeerBars(clock)
  bars.bar('a', 1_000)
  bars.bar('a', 10)
  bars.block('b')
  expect([bars.has('a'), bars.has('b'), bars.has('c')]).toEqual([true, true, false])
  await clock.advance(1_000)
  expect([bars.has('a'), bars.has('b')]).toEqual([false, true])
  expect(bars.blocked()).toEqual(['b'])
  bars.unblock('b')
  expect(bars.has('b')).toBe(false)
})
