/**
 * @file Steps of the demo on several tensor engines, taking turns, so that other work on the machine slows all of them alike.
 *
 * `node dist/test/bench/backends.mjs embedded node` after `node src/tools/build.ts --tests`; where the engines lie says
 * REC_R1_NATIVE.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recR1Json } from '../fixtures/command-line.ts';

const ROUNDS = 3;
const SETTINGS = ['--task', 'sample', '--steps', '5', '--set', 'evaluation.limit=1', '--set', 'checkpoint.every=1000'];

interface Step {
  readonly stepSeconds: number;
  readonly tokensPerSecond: number;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function stepsOn(engine: string, run: string): Promise<Step[]> {
  const lines = await recR1Json('train', ...SETTINGS, '--set', `backend=${engine}`, '--run', run);
  return lines.filter((line): line is Step => Object.hasOwn(line as object, 'stepSeconds'));
}

const engines = process.argv.slice(2);
const measured = new Map<string, Step[]>(engines.map((engine) => [engine, []]));
const folder = mkdtempSync(join(tmpdir(), 'rec-r1-bench-'));
try {
  for (let round = 0; round < ROUNDS; round++) {
    for (const [engine, steps] of measured) steps.push(...(await stepsOn(engine, join(folder, `${engine}-${round}`))));
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log('engine      s/step  fastest   tokens/s   time, first engine = 1 (fastest)');
const medians = [...measured].map(([engine, steps]) => ({
  engine,
  seconds: median(steps.map(({ stepSeconds }) => stepSeconds)),
  fastest: Math.min(...steps.map(({ stepSeconds }) => stepSeconds)),
  tokens: median(steps.map(({ tokensPerSecond }) => tokensPerSecond)),
}));
for (const { engine, seconds, fastest, tokens } of medians) {
  const ratio = `${(seconds / medians[0].seconds).toFixed(2)} (${(fastest / medians[0].fastest).toFixed(2)})`;
  console.log(
    `${engine.padEnd(10)}${seconds.toFixed(2).padStart(8)}${fastest.toFixed(2).padStart(9)}${tokens.toFixed(0).padStart(11)}${ratio.padStart(16)}`,
  );
}
