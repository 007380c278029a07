import { readFileSync } from 'node:fs'
import { Counter, Gauge, Histogram } from 'prom-client'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { HostedMetrics } from '../../src/hosts/metrics.ts'
import { NodeStore } from '../../src/state/node-store.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const OPERATIONS = read('docs/operations.md')

interface Metric {
  readonly type: 'gauge' | 'counter' | 'histogram'
  readonly labels: readonly string[]
}

/** Every metric that there can be, process figures aside. */
const metrics = new Map<string, Metric>()

function typeOf(metric: unknown): Metric['type'] {
  if (metric instanceof Histogram) return 'histogram'
  if (metric instanceof Counter) return 'counter'
  if (metric instanceof Gauge) return 'gauge'
  throw new TypeError('a metric of another type')
}

beforeAll(() => {
  const hosted = new HostedMetrics({ host: '127.0.0.1', port: 0 })
  const none = {} as never
  hosted.watch([])
  hosted.watchChains([], new NodeStore())
  hosted.watchSharing([none])
  hosted.watchExchange([none])
  hosted.watchGossip([none])
  hosted.watchDaBudgets([none])
  hosted.watchDrivers([{ chain: 'op-a', driver: { onTrace: () => () => undefined } as never }])
  hosted.watchSupervisor(none)
  hosted.up('1', { testSequencer: true, supervisor: true })
  for (const metric of hosted.registry.getMetricsAsArray()) {
    const { name, labelNames = [] } = metric as unknown as { name: string; labelNames?: string[] }
    if (/^op_sequencer_(process|nodejs)_/.test(name)) continue
    metrics.set(name, { type: typeOf(metric), labels: labelNames })
  }
})

describe('the page of operations', () => {
  it('has every metric, with its type and labels, and no other', () => {
    const rows = OPERATIONS.split('\n')
      .filter((line) => line.startsWith('| `op_'))
      .map((line) => line.split('|').map((text) => text.trim()))
    const listed = rows.flatMap(([, names = '', types = '', labels = '']) => {
      const kinds = types.split(', ')
      return [...names.matchAll(/`([a-z0-9_]+)`/g)].map(([, name = ''], index) => ({
        name,
        type: kinds[index % kinds.length],
        labels: [...labels.matchAll(/`([a-z]+)`/g)].map(([, label]) => label),
      }))
    })
    expect(listed.map(({ name }) => name).sort()).toEqual([...metrics.keys()].sort())
    for (const { name, type, labels } of listed) {
      const metric = metrics.get(name) as Metric
      expect(type, name).toBe(metric.type)
      // Of a row with several metrics, the last one may have fewer.
      if (!name.endsWith('_up')) expect([...labels].sort(), name).toEqual([...metric.labels].sort())
    }
  })

  it('explains every alert', () => {
    const explained = [...OPERATIONS.matchAll(/^\| `(OpSequencer\w+)` \|/gm)].map(([, name]) => name)
    expect(explained).toEqual(alerts().map(({ alert }) => alert))
  })
})

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

function alerts(): readonly Rule[] {
  const file = parse(read('docs/alerts.yml')) as { groups: { name: string; rules: Rule[] }[] }
  expect(Object.keys(file)).toEqual(['groups'])
  return file.groups.flatMap(({ name, rules, ...rest }) => {
    expect(name).toMatch(/^[a-z-]+$/)
    expect(rest).toEqual({})
    return rules
  })
}

const DURATION = '[0-9]+(?:ms|s|m|h|d)'
const KEYWORDS = new Set([
  'and',
  'or',
  'unless',
  'on',
  'by',
  'sum',
  'time',
  'absent',
  'rate',
  'increase',
  'histogram_quantile',
  'min_over_time',
])

/** The tokens of an expression in PromQL. @throws Error at what is none */
function tokens(expr: string): readonly string[] {
  const token = new RegExp(
    `\\s*(?:(\\[${DURATION}\\])|("[^"]*")|([0-9]+(?:[.][0-9]+)?)|([a-z_][a-z0-9_]*)|(==|!=|<=|>=|=~|[-+*/<>=(){},]))`,
    'y',
  )
  const found: string[] = []
  while (token.lastIndex < expr.length) {
    const at = token.lastIndex
    const match = token.exec(expr)
    if (match === null) throw new Error(`${expr}: unexpected ${expr.slice(at)}`)
    found.push(match[0].trim())
  }
  return found
}

describe('the alerts', () => {
  it('are well-formed rules', () => {
    const names = alerts().map(({ alert }) => alert)
    expect(new Set(names).size).toBe(names.length)
    for (const { alert, expr, labels, annotations, for: duration, ...rest } of alerts()) {
      expect(rest, alert).toEqual({})
      expect(alert).toMatch(/^OpSequencer[A-Z][A-Za-z]+$/)
      if (duration !== undefined) expect(duration, alert).toMatch(new RegExp(`^${DURATION}$`))
      expect(Object.keys(labels), alert).toEqual(['severity'])
      expect(['page', 'warn'], alert).toContain(labels.severity)
      expect(Object.keys(annotations), alert).toEqual(['summary'])
      const open: string[] = []
      for (const each of tokens(expr)) {
        if (each === '(' || each === '{') open.push(each)
        if (each === ')' || each === '}') expect(open.pop(), alert).toBe(each === ')' ? '(' : '{')
      }
      expect(open, alert).toEqual([])
    }
  })

  it('ask of metrics and labels that there are', () => {
    for (const { alert, expr, annotations } of alerts()) {
      const used = tokens(expr)
      const asked = used.flatMap((name) => {
        if (!name.startsWith('op_')) return []
        const base = name.replace(/_(bucket|sum|count)$/, '')
        const metric = metrics.get(name) ?? (metrics.get(base)?.type === 'histogram' ? metrics.get(base) : undefined)
        expect(metric, `${alert}: ${name}`).toBeDefined()
        return metric ?? []
      })
      expect(asked.length, alert).toBeGreaterThan(0)
      const labels = new Set(['le', ...asked.flatMap((metric) => metric.labels)])
      const words = used.filter((word) => /^[a-z]/.test(word) && !word.startsWith('op_') && !KEYWORDS.has(word))
      for (const word of words) expect([...labels], `${alert}: ${word}`).toContain(word)
      for (const [, label] of (annotations.summary ?? '').matchAll(/\$labels\.(\w+)/g))
        expect([...labels], alert).toContain(label)
    }
  })
})
