/**
 * Holds the import rules of `.dependency-cruiser.mjs`: `node .ci/depcruise.ts`. A cruise that finds too little reports
 * success, so every source file on disk must be among what it saw.
 */
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { cruise, format, type ICruiseResult } from 'dependency-cruiser'
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options'
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config'

const FOLDERS = ['src', 'rpc', 'txpool', 'test']

const options = await extractDepcruiseOptions(resolve('.dependency-cruiser.mjs'))
const { output } = await cruise(FOLDERS, { ...options, outputType: 'json' }, undefined, {
  tsConfig: extractTSConfig('tsconfig.json'),
})
const result = (typeof output === 'string' ? JSON.parse(output) : output) as ICruiseResult
const report = await format(result, { outputType: 'err-long' })
process.stdout.write(String(report.output))

const seen = new Set(result.modules.map(({ source }) => source))
const files = FOLDERS.flatMap((folder) => globSync(`${folder}/**/*.ts`))
const unseen = files.filter((file) => !seen.has(file))
process.stdout.write(`${files.length - unseen.length} of ${files.length} source files seen\n`)
for (const file of unseen) process.stdout.write(`not seen: ${file}\n`)
process.exitCode = report.exitCode !== 0 || unseen.length > 0 || files.length === 0 ? 1 : 0
