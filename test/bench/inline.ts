/**
 * @file `node dist/test/bench/inline.mjs [RUN]`: how long a person waits for rewrites in the editor, and what a training beside
 * it loses by that. Without RUN the bundled starter is taken as it is.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../src/base/package-root.ts';
import { openTask } from '../../src/data/open-task.ts';
import { queriesIn } from '../../src/extension/query-file.ts';
import { Rewrites } from '../../src/extension/rewrites.ts';
import { requestControl } from '../../src/runs/control.ts';
import { openRunReader } from '../../src/runs/reader.ts';
import { createWorkerClient, type WorkerClient } from '../../src/worker/client.ts';
import { launchTraining } from '../../src/worker/launch.ts';

const FILE_LINES = 100_000;
const VISIBLE = 40;
/** Steps of the training beside which is asked; the first ones warm up. */
const WARM_UP = 2;
const MEASURED = 6;

const runtime = { script: join(packageRoot(), 'dist/worker.mjs'), workingDir: packageRoot() };
const scratch = mkdtempSync(join(tmpdir(), 'rec-r1-inline-'));

/** Milliseconds. */
async function timed(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

function say(what: string, values: readonly number[]): void {
  const [median, high] = [quantile(values, 0.5), quantile(values, 0.95)];
  console.log(`${what}: median ${median.toFixed(1)} ms, 95 % within ${high.toFixed(1)} ms (${values.length})`);
}

async function startedRun(): Promise<string> {
  const runDir = join(scratch, 'start');
  const config = { steps: 1, 'rollout.prompts': 1, 'rollout.groupSize': 2, 'evaluation.limit': 1 };
  const reason = await launchTraining({ kind: 'train', runDir, config, source: 'bench' }, runtime).ended;
  if (reason !== null) throw new Error(reason);
  return runDir;
}

interface Asked {
  readonly runDir: string;
  readonly checkpoint: string;
}

async function askOneByOne(worker: WorkerClient, asked: Asked, queries: readonly string[]): Promise<number[]> {
  const millis: number[] = [];
  for (const query of queries) millis.push(await timed(() => worker.ask('rewrite', { ...asked, queries: [query] })));
  return millis;
}

/** As the editor does while a person chooses a checkpoint or types into the playground, in a process of its own. */
async function firstOnceIsPrepared(asked: Asked, query: string): Promise<void> {
  const another = createWorkerClient({ runtime: () => runtime, log: console.error });
  const rewrites = new Rewrites((ask, signal) => another.ask('rewrite', ask, signal));
  const preparing = await timed(() => rewrites.prepare(asked));
  const first = await timed(() => rewrites.get({ ...asked, query }));
  another.dispose();
  console.log(
    `the first rewrite of a checkpoint that was prepared: ${first.toFixed(0)} ms, after ${preparing.toFixed(0)} ms`,
  );
}

/** All visible queries at once, as the editor asks when a file is opened. */
async function askVisible(worker: WorkerClient, asked: Asked, queries: readonly string[]): Promise<number[]> {
  const rewrites = new Rewrites((ask, signal) => worker.ask('rewrite', ask, signal));
  return Promise.all(queries.map((query) => timed(() => rewrites.get({ ...asked, query }))));
}

/** Seconds of the steps of a training, by its record. */
async function stepSeconds(runDir: string, from: number, to: number): Promise<number[]> {
  for (;;) {
    await sleep(200);
    const reader = openRunReader(runDir);
    const steps = reader.eventsAfter(0).flatMap((event) => (event.kind === 'step' ? [event] : []));
    reader.close();
    if (steps.length < to) continue;
    return steps.slice(from, to).map(({ metrics }) => metrics.stepSeconds);
  }
}

/** A training that is undisturbed for some steps, then beside somebody who asks all the time. */
async function besideTraining(worker: WorkerClient, asked: Asked, queries: readonly string[]): Promise<void> {
  const runDir = join(scratch, 'training');
  const config = { 'evaluation.every': 1000, 'evaluation.limit': 1, 'checkpoint.every': 1000 };
  const { ended } = launchTraining({ kind: 'train', runDir, config, source: 'bench' }, runtime);
  await sleep(5000);
  const alone = await stepSeconds(runDir, WARM_UP, WARM_UP + MEASURED);
  const over = new AbortController();
  const millis: number[] = [];
  const asking = (async () => {
    for (let i = 0; !over.signal.aborted; i++) {
      const query = queries[i % queries.length];
      millis.push(await timed(() => worker.ask('rewrite', { ...asked, queries: [query] })));
      await sleep(300); // a person who reads
    }
  })();
  const first = WARM_UP + MEASURED + 1;
  const beside = await stepSeconds(runDir, first, first + MEASURED);
  over.abort();
  await asking;
  requestControl(runDir, 'stop');
  await ended;
  say('a rewrite while a training runs', millis);
  const [before, during] = [alone, beside].map((seconds) => quantile(seconds, 0.5));
  console.log(`a step of that training: ${before.toFixed(2)} s alone, ${during.toFixed(2)} s while somebody asks`);
}

async function longFiles(): Promise<void> {
  const row = (line: number): string =>
    `{"_id": "Q${line}", "text": "something for my back when i sit all day ${line}"}`;
  const files = {
    'queries.jsonl': row,
    'log.csv': (line: number) => (line === 0 ? 'id,query,note' : `${line},"something, for my back",x`),
  };
  for (const [path, lineText] of Object.entries(files)) {
    const lines = Array.from({ length: FILE_LINES }, (_, line) => lineText(line));
    const file = { path, lineCount: FILE_LINES, lineText: (line: number) => lines[line] };
    const at = async (first: number): Promise<number> => timed(() => queriesIn(file, first, first + 640));
    await at(0);
    const [top, end] = [await at(0), await at(FILE_LINES - 640)];
    console.log(`${path} of ${FILE_LINES} lines: ${top.toFixed(1)} ms at its top, ${end.toFixed(1)} ms at its end`);
  }
}

const alive = setInterval(() => undefined, 60_000); // a training that was started does not keep its starter
const worker = createWorkerClient({ runtime: () => runtime, log: console.error });
try {
  const runDir = process.argv.at(2) ?? (await startedRun());
  const asked = { runDir, checkpoint: 'step-000000' };
  const task = await openTask(join(packageRoot(), 'media/sample'));
  const queries = task.examples.test.map(({ query }) => query);
  const cold = await timed(() => worker.ask('rewrite', { ...asked, queries: [queries[0]] }));
  console.log(`the first rewrite, with the start of the worker: ${cold.toFixed(0)} ms`);
  await firstOnceIsPrepared(asked, queries[1]);
  await askOneByOne(worker, asked, queries.slice(1, 11));
  say('one rewrite', await askOneByOne(worker, asked, queries.slice(11, 111)));
  say(`each of ${VISIBLE} visible rewrites`, await askVisible(worker, asked, queries.slice(111, 111 + VISIBLE)));
  await longFiles();
  await besideTraining(worker, asked, queries);
} finally {
  worker.dispose();
  clearInterval(alive);
  rmSync(scratch, { recursive: true, force: true });
}
