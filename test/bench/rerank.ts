/**
 * @file Re-ranking from end to end at the size that runs here: candidates of the bundled sample, a warm start of the starter on
 * the form of an answer (orders drawn by chance, so nothing is learnt of what is relevant), then Rec-R1, and what came of it
 * on the test queries beside the order in which BM25 retrieved the candidates.
 *
 * `node dist/test/bench/rerank.mjs [depth] [steps]` after `npm run build` and `node src/tools/build.ts --tests`.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configFrom } from '../../src/app/config.ts';
import { makeCandidates } from '../../src/app/make-candidates.ts';
import { openBackend } from '../../src/app/parts.ts';
import { packageRoot } from '../../src/base/package-root.ts';
import { rngFrom, shuffled } from '../../src/base/rng.ts';
import { candidateName, completionOf } from '../../src/data/answer.ts';
import { openTask } from '../../src/data/open-task.ts';
import { promptOf } from '../../src/data/prompt.ts';
import type { Example } from '../../src/data/task.ts';
import { createAdamW, disposeAdamW } from '../../src/model/adamw.ts';
import { disposePolicy, encodePrompt, loadPolicy, type Policy, savePolicy } from '../../src/model/policy.ts';
import { buildBm25Index } from '../../src/retrieval/bm25/bm25.ts';
import { bm25Retriever } from '../../src/retrieval/bm25/bm25-retriever.ts';
import { sftStep } from '../../src/rl/sft.ts';
import type { TokenSequence } from '../../src/rl/token-batch.ts';
import { recR1Json } from '../fixtures/command-line.ts';

const SEED = 1;
const PROMPT_TOKENS = 384;
const WARM_STEPS = 150;
const WARM_BATCH = 32;

const depth = Number(process.argv[2] ?? 4);
const steps = Number(process.argv[3] ?? 120);

const folder = mkdtempSync(join(tmpdir(), 'rec-r1-rerank-'));
const [task, warm, run] = ['task', 'warm', 'run'].map((name) => join(folder, name));
try {
  const search = await openTask(join(packageRoot(), 'media/sample'));
  const made = await makeCandidates(search, bm25Retriever(buildBm25Index(search.documents)), depth, task);
  console.log(`${made.examples.train} train, ${made.examples.test} test queries with ${depth} candidates`);
  await warmStart((await openTask(task)).examples.train);
  await train();
  for (const checkpoint of ['step-000000', `step-${String(steps).padStart(6, '0')}`]) await evaluate(checkpoint);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function warmStart(examples: readonly Example[]): Promise<void> {
  await openBackend(configFrom({}, 'bench'));
  const policy = await loadPolicy(join(packageRoot(), 'media/starter'));
  const optimizer = createAdamW([...policy.parameters.values()]);
  const settings = { learningRate: 1e-3, weightDecay: 0.01, maxGradNorm: 1, microBatchTokens: 8192 };
  for (let step = 1; step <= WARM_STEPS; step++) {
    const rng = rngFrom(SEED, 'warm', step);
    const batch = shuffled(examples, rng).slice(0, WARM_BATCH);
    const sequences = batch.map((example, i) => chanceOrder(policy, example, step * WARM_BATCH + i));
    const { loss } = await sftStep(policy, optimizer, sequences, settings, () => Promise.resolve());
    if (step % 25 === 0) console.log(`warm start, step ${step}: loss ${loss.toFixed(3)}`);
  }
  mkdirSync(warm);
  await savePolicy(policy, warm);
  disposeAdamW(optimizer);
  disposePolicy(policy);
}

function chanceOrder({ tokenizer }: Policy, example: Example, draw: number): TokenSequence {
  const names = (example.candidates ?? []).map((_, place) => candidateName(place));
  const order = shuffled(names, rngFrom(SEED, 'order', draw)).join(', ');
  return {
    promptIds: encodePrompt(tokenizer, promptOf(example, 'plain'), PROMPT_TOKENS).ids,
    tokens: [...tokenizer.encode(completionOf('', order, example)), tokenizer.endIds[0]],
  };
}

async function train(): Promise<void> {
  const settings = {
    promptStyle: 'plain',
    'rollout.maxPromptTokens': PROMPT_TOKENS,
    'rollout.maxNewTokens': 24 + 10 * depth,
    'reward.k': 16,
    'evaluation.limit': 40,
  };
  const sets = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const options = ['--task', task, '--model', warm, '--run', run, '--steps', String(steps), '--seed', String(SEED)];
  const lines = (await recR1Json('train', ...options, ...sets)) as Readonly<Record<string, number>>[];
  for (const line of lines.filter(({ step }) => step === 1 || step % 20 === 0)) {
    const figures = ['reward', 'ndcg', 'formatOk', 'zeroVariance', 'promptsCut', 'stepSeconds'];
    console.log([`step ${line.step}`, ...figures.map((name) => `${name} ${line[name].toFixed(3)}`)].join('  '));
  }
}

async function evaluate(checkpoint: string): Promise<void> {
  const [answer] = await recR1Json('evaluate', '--run', run, '--checkpoint', checkpoint, '--split', 'test');
  console.log(`${checkpoint} on the test queries: ${JSON.stringify(answer, ['metrics', 'baseline', 'ndcg@10', 'recall@10', 'format', 'promptCut', 'mean', 'arms', 'name'])}`); // prettier-ignore
}
