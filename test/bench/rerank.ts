/**
 * @file Re-ranking from end to end at the size that runs here: candidates of the bundled sample by their titles, a warm start of
 * the starter, then Rec-R1, and what came of it on the test queries beside the order in which BM25 retrieved the candidates.
 *
 * The starter knows nothing of candidates, and almost no order that it writes is a valid one. The warm start shows it the form on
 * questions that are made of the catalogue, as its pre-training was: some products, and first the one that the words are from. It
 * sees no judgment; what is better afterwards comes from the reward.
 *
 * Found with seed 1, NDCG@10 on 186 test queries: orders by chance 0.813, the warm start 0.809 (it finds the wanted product little
 * better than chance: 1.05 nats for the first name, where chance has 1.39), after 25 steps of Rec-R1 0.888 (p < 0.001), which is
 * the order of retrieval: the reward teaches to keep it.
 *
 * There is more to learn in the titles, and the starter knows some of it: ordered by the words of its own rewrite of the request the
 * candidates have 0.912, by those of somebody who knows the catalogue 0.994. What it lacks is reading: to find in its prompt which name
 * a fitting title goes with, which nothing in its pre-training asked for. Four warm starts that were to teach it left the first name
 * at chance (1.40 to 1.45 nats): the rewrite as reasoning before the order (600 steps), the request before the candidates (250), the
 * same with a loss on the first name alone (350), and that loss with the candidates first (150). Longer ones were not tried.
 *
 * `node dist/test/bench/rerank.mjs [depth] [warm steps] [steps] [seed]` after `npm run build` and `node src/tools/build.ts --tests`.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configFrom } from '../../src/app/config.ts';
import { makeCandidates } from '../../src/app/make-candidates.ts';
import { openBackend } from '../../src/app/parts.ts';
import { packageRoot } from '../../src/base/package-root.ts';
import { type Rng, rngFrom, shuffled } from '../../src/base/rng.ts';
import { candidateName, completionOf } from '../../src/data/answer.ts';
import { openTask } from '../../src/data/open-task.ts';
import { promptOf } from '../../src/data/prompt.ts';
import type { Candidate, Document } from '../../src/data/task.ts';
import { createAdamW, disposeAdamW } from '../../src/model/adamw.ts';
import { disposePolicy, encodePrompt, loadPolicy, type Policy, savePolicy } from '../../src/model/policy.ts';
import { bm25Retriever } from '../../src/retrieval/bm25/bm25-retriever.ts';
import { buildBm25Index } from '../../src/retrieval/bm25/bm25.ts';
import { ndcgAt } from '../../src/retrieval/metrics.ts';
import { sftStep } from '../../src/rl/sft.ts';
import type { TokenSequence } from '../../src/rl/token-batch.ts';
import { randomQuestion, readSources } from '../../src/tools/starter/examples.ts';
import { mean } from '../../src/runs/statistics.ts';
import { recR1Json } from '../fixtures/command-line.ts';

const PROMPT_TOKENS = 256;
const WARM_BATCH = 32;
const WARM_RATE = 1e-3;

const [depth = 4, warmSteps = 300, steps = 100, seed = 1] = process.argv.slice(2).map(Number);

const folder = mkdtempSync(join(tmpdir(), 'rec-r1-rerank-'));
const [task, warm, run] = ['task', 'warm', 'run'].map((name) => join(folder, name));
try {
  const search = await openTask(join(packageRoot(), 'media/sample'));
  const made = await makeCandidates(search, bm25Retriever(buildBm25Index(search.documents)), depth, task);
  showTitlesAlone(join(task, 'corpus.jsonl'));
  console.log(`${made.examples.train} train, ${made.examples.test} test queries with ${depth} candidates`);
  await showWhatTitlesTell();
  await warmStart(search.documents, search.examples.train.map(({ query }) => query)); // prettier-ignore
  await train();
  await evaluate();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The starter reads 512 tokens and has never seen a capital. */
function titleOf({ title }: Pick<Document, 'title'>): string {
  return title.toLowerCase();
}

function showTitlesAlone(corpus: string): void {
  const rows = readFileSync(corpus, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Document & { readonly _id: string }); // prettier-ignore
  writeFileSync(corpus, rows.map((row) => `${JSON.stringify({ _id: row._id, title: titleOf(row), text: '' })}\n`).join('')); // prettier-ignore
}

/** How good an order is by the words alone that the starter, or somebody who knows the catalogue, would search with. */
async function showWhatTitlesTell(): Promise<void> {
  const { documents, examples } = await openTask(task);
  const titles = bm25Retriever(buildBm25Index(documents));
  const oracle = readFileSync(join(packageRoot(), 'media/sample/oracle.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { readonly _id: string; readonly rewrite: string }); // prettier-ignore
  const [start] = (await recR1Json('evaluate', '--task', 'sample', '--split', 'test', '--arm', 'start')) as {
    readonly perQuery: readonly { readonly _id: string; readonly rewrite: string | null }[];
  }[];
  const texts = [
    ['the start policy', new Map(start.perQuery.map(({ _id, rewrite }) => [_id, rewrite ?? '']))],
    ['who knows the catalogue', new Map(oracle.map(({ _id, rewrite }) => [_id, rewrite]))],
  ] as const;
  for (const [who, textOf] of texts) {
    const outcomes = await titles.search(examples.test.map(({ id }) => textOf.get(id) ?? ''), documents.length); // prettier-ignore
    const ndcgs = examples.test.map(({ candidates = [], relevant }, i) => {
      const outcome = outcomes[i];
      const ids = outcome.kind === 'failed' ? [] : outcome.hits.map(({ id }) => id);
      const placeOf = (id: string): number => (ids.includes(id) ? ids.indexOf(id) : ids.length);
      const order = candidates.map(({ id }) => id).sort((a, b) => placeOf(a) - placeOf(b));
      return ndcgAt(order, relevant, 10);
    });
    console.log(`by the words of ${who}: NDCG@10 ${mean(ndcgs).toFixed(3)}`);
  }
}

async function warmStart(documents: readonly Document[], queries: readonly string[]): Promise<void> {
  const started = performance.now();
  await openBackend(configFrom({}, 'bench'));
  const policy = await loadPolicy(join(packageRoot(), 'media/starter'));
  const optimizer = createAdamW([...policy.parameters.values()]);
  const sources = readSources(documents, queries);
  const rng = rngFrom(seed, 'warm');
  for (let step = 1; step <= warmSteps; step++) {
    const sequences = Array.from({ length: WARM_BATCH }, () => {
      const { place, query } = randomQuestion(sources, rng);
      return lesson(policy, query, documents[place], documents, rng);
    });
    const learningRate = WARM_RATE * Math.min(1, step / 50) * (1 - step / (warmSteps + 1));
    const settings = { learningRate, weightDecay: 0.01, maxGradNorm: 1, microBatchTokens: 8192, checkpointing: 'auto' } as const; // prettier-ignore
    const { loss } = await sftStep(policy, optimizer, sequences, settings, () => Promise.resolve());
    if (step % 100 === 0) console.log(`warm start, step ${step}: loss ${loss.toFixed(3)}, ${seconds(started)} s`);
  }
  mkdirSync(warm);
  await savePolicy(policy, warm);
  disposeAdamW(optimizer);
  disposePolicy(policy);
}

/** The product that is asked for among others, to be named first; the others stay in their order. */
function lesson(
  { tokenizer }: Policy,
  query: string,
  wanted: Document,
  documents: readonly Document[],
  rng: Rng,
): TokenSequence {
  const others = Array.from({ length: depth - 1 }, () => documents[rng.below(documents.length)]);
  const shown = shuffled([wanted, ...others], rng);
  const candidates = shown.map((document): Candidate => ({ id: document.id, text: titleOf(document) }));
  const names = shown.map((_, place) => candidateName(place));
  const first = candidateName(shown.indexOf(wanted));
  const order = [first, ...names.filter((name) => name !== first)].join(', ');
  return {
    promptIds: encodePrompt(tokenizer, promptOf({ query, candidates }, 'plain'), PROMPT_TOKENS).ids,
    tokens: [...tokenizer.encode(completionOf('', order, { candidates })), tokenizer.endIds[0]],
  };
}

async function train(): Promise<void> {
  const started = performance.now();
  const settings = {
    promptStyle: 'plain',
    'rollout.maxPromptTokens': PROMPT_TOKENS,
    'rollout.maxNewTokens': 24 + 12 * depth,
    'rollout.prompts': 8,
    'reward.k': 16,
    'optimizer.learningRate': 5e-4,
    'evaluation.every': 25,
    'checkpoint.every': 25,
  };
  const sets = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const options = ['--task', task, '--model', warm, '--run', run, '--steps', String(steps), '--seed', String(seed)];
  const lines = (await recR1Json('train', ...options, ...sets)) as Readonly<Record<string, number>>[];
  for (const line of lines.filter(({ step }) => step === 1 || step % 20 === 0)) {
    const figures = ['reward', 'ndcg', 'formatOk', 'zeroVariance', 'promptsCut', 'stepSeconds'];
    console.log([`step ${line.step}`, ...figures.map((name) => `${name} ${line[name].toFixed(3)}`)].join('  '));
  }
  console.log(`Rec-R1: ${seconds(started)} s`);
}

async function evaluate(): Promise<void> {
  const arms = ['raw', `model:${join(packageRoot(), 'media/starter')}`, 'start', 'best', 'newest'];
  const names = arms.flatMap((arm) => ['--arm', arm]);
  const found = (await recR1Json('evaluate', '--run', run, '--split', 'test', ...names)) as {
    readonly checkpoint: string;
    readonly metrics: Readonly<Record<string, number>>;
    readonly intervals: Readonly<Record<string, readonly [number, number]>>;
    readonly perQuery: readonly { readonly format: string | null }[];
  }[];
  for (const { checkpoint, metrics, intervals, perQuery } of found) {
    const [low, high] = intervals['ndcg@10'].map((end) => end.toFixed(3));
    const valid = perQuery.filter(({ format }) => format === 'ok').length;
    console.log(`${checkpoint}: NDCG@10 ${metrics['ndcg@10'].toFixed(3)} [${low}, ${high}], ${valid} of ${perQuery.length} answers are orders`); // prettier-ignore
  }
  const [compared] = await recR1Json('compare', '--run', run, '--a', 'raw', '--split', 'test');
  console.log(`against the order of retrieval: ${JSON.stringify(compared, ['meanA', 'meanB', 'difference', 'pValue', 'wins', 'ties', 'losses'])}`); // prettier-ignore
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(0);
}
