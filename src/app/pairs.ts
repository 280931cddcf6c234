/**
 * @file What a run of supervised or preference learning learns from. Pairs are found once, scored like any rewrite, and kept
 * in the run folder (`pairs.jsonl`), so that a resumed run learns from the same ones and anybody may look at them.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines } from '../base/json-lines.ts';
import { completionOf } from '../data/answer.ts';
import { asCompletion, type GivenPair, readPairs } from '../data/pairs.ts';
import type { Example, Task } from '../data/task.ts';
import type { Policy } from '../model/policy.ts';
import { bestPairs, joinedByExample, type Pair, pairOf, preferencePairs } from '../rl/pairs.ts';
import { type ScoredRewrite, scoreRewrites } from '../rl/reward.ts';
import { sampleGroups } from '../rl/scored-groups.ts';
import { StepClock } from '../rl/step-clock.ts';
import { recordOf } from '../rl/step-record.ts';
import { rawRankings, type TrainerParts, type TrainerSettings } from '../rl/trainer.ts';
import { completionTokens } from '../rl/tuning.ts';
import type { Rollout, RolloutGroup } from '../runs/events.ts';
import { openRunReader } from '../runs/reader.ts';
import type { RunConfig } from './config.ts';
import { answerMatcher, questionIn } from './match-answers.ts';

const FILE = 'pairs.jsonl';

export interface PairSource {
  readonly runDir: string;
  readonly config: RunConfig;
  readonly task: Task;
  readonly parts: TrainerParts;
  readonly settings: TrainerSettings;
  readonly exampleOf: (pair: Pair) => Example;
  /** How far it is, now and then. May throw to end the search for pairs. */
  readonly onProgress: (message: string) => void;
}

export interface FoundPairs {
  readonly pairs: readonly Pair[];
  /** What it took to sample them. */
  readonly cost?: { readonly sampledTokens: number; readonly samplingSeconds: number };
}

/** @throws UserError when the configuration does not say where pairs come from. */
export function checkPairs(config: RunConfig): void {
  const { method } = config;
  const [file, run] = [config['pairs.file'], config['pairs.run']];
  if (method === 'grpo') return;
  if (method === 'sft' && file === '') {
    throw new UserError('Supervised fine-tuning learns from pairs; name a file of them as pairs.file (--pairs FILE).');
  }
  if (file !== '' && !existsSync(file)) throw new UserError(`pairs.file: ${file} does not exist; check the path.`);
  if (file !== '' && (run !== '' || method === 'rejection')) {
    throw new UserError(
      method === 'rejection'
        ? 'Rejection sampling makes its pairs from rewrites of the policy; for those of a file choose the method sft.'
        : 'Pairs come from a file or from a run; give one of pairs.file and pairs.run.',
    );
  }
}

/** Those that the run has kept, or else new ones, which it then keeps. */
export async function findPairs(source: PairSource): Promise<FoundPairs> {
  const file = join(source.runDir, FILE);
  if (existsSync(file)) return { pairs: await readKept(file) };
  const found = await newPairs(source);
  const keepsReasoning = source.config['pairs.reasoning'] === 'keep';
  const bare = (pair: Pair): Pair => withoutReasoning(pair, source.exampleOf(pair));
  const pairs = keepsReasoning ? found.pairs : found.pairs.map(bare);
  await writeFileAtomic(file, pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
  source.onProgress(`Learning from ${summary(pairs)}.`);
  return { ...found, pairs };
}

async function readKept(file: string): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for await (const { value } of readJsonLines(file)) {
    pairs.push(value as unknown as Pair);
  }
  return pairs;
}

async function newPairs(source: PairSource): Promise<FoundPairs> {
  const { config } = source;
  if (config['pairs.file'] !== '') return { pairs: await givenPairs(source) };
  const { groups, cost } = config['pairs.run'] === '' ? await ownGroups(source) : { groups: groupsOfRun(source) };
  const rule = { minNdcg: config['pairs.minNdcg'], minGain: config['pairs.minGain'] };
  const pairs = (config.method === 'dpo' ? preferencePairs : bestPairs)(groups, rule);
  if (pairs.length > 0) return { pairs, ...(cost && { cost }) };
  throw new UserError(
    `None of ${groups.length} queries has a rewrite that is good enough to be learnt from (for dpo also one that is worse); lower pairs.minGain or pairs.minNdcg, or sample more with rollout.groupSize.`,
  );
}

/** Rollouts of the policy as it is now, for the training queries. */
async function ownGroups({
  config,
  parts,
  settings,
  onProgress,
}: PairSource): Promise<{ groups: RolloutGroup[]; cost: FoundPairs['cost'] }> {
  const started = parts.now();
  const examples = parts.train.slice(0, config['pairs.queries'] || undefined);
  const sampling = { ...settings.sampling, equalGroups: 'keep' as const };
  const random = { seed: settings.seed, step: 0 };
  const sampler = { ...parts, clock: new StepClock(parts.now) };
  const groups: RolloutGroup[] = [];
  let sampledTokens = 0;
  for (let start = 0; start < examples.length; start += settings.prompts) {
    onProgress(`Sampling rewrites to learn from: ${start} of ${examples.length} queries.`);
    const batch = examples.slice(start, start + settings.prompts);
    const sampled = await sampleGroups(sampler, batch, sampling, random, () => []);
    const raw = await rawRankings(batch, parts.retriever, sampling.reward.k);
    groups.push(...sampled.map((group, g) => recordOf(group, undefined, raw[g], () => undefined)));
    sampledTokens += sampled
      .flatMap(({ completions }) => completions)
      .reduce((sum, { tokens }) => sum + tokens.length, 0);
  }
  return { groups, cost: { sampledTokens, samplingSeconds: (parts.now() - started) / 1000 } };
}

/** Everything that a run has sampled for the training queries of the task. */
function groupsOfRun({ config, parts }: PairSource): RolloutGroup[] {
  const reader = openRunReader(config['pairs.run']);
  try {
    const training = new Map(parts.train.map((example) => [example.id, example.query]));
    const groups = Array.from({ length: reader.info().step }, (_, i) => reader.groups(i + 1)).flat();
    const ours = groups.filter(({ exampleId, query }) => training.get(exampleId) === query);
    if (ours.length > 0) return joinedByExample(ours);
    throw new UserError(
      `${config['pairs.run']} has no rewrite of a training query of this task; name a run of the same task that has made a step.`,
    );
  } finally {
    reader.close();
  }
}

const SCORED_TOGETHER = 256;

/** The pairs of a file; scored where the task knows the query, so that one sees what the teacher is worth. */
async function givenPairs({ config, task, parts, settings, onProgress }: PairSource): Promise<Pair[]> {
  const file = config['pairs.file'];
  const wanted = config.method === 'dpo' ? 2 : 1;
  const matched = matcher(task);
  const leftOut = { heldOut: 0, incomplete: 0, tooLong: 0 };
  const isTooLong = (text: string): boolean =>
    completionTokens(parts.policy, text).length > settings.sampling.rollout.maxNewTokens;
  const pairs: Pair[] = [];
  let batch: MatchedPair[] = [];
  const score = async (): Promise<void> => {
    pairs.push(...(await scoredPairs(batch, parts, settings)));
    batch = [];
  };
  for await (const given of readPairs(file)) {
    const found = matched(given);
    if (found === 'held out') {
      leftOut.heldOut++;
      continue;
    }
    const texts = [given.chosen, ...(given.rejected === undefined ? [] : [given.rejected])].slice(0, wanted);
    const answers = texts.map((text) => asCompletion(text, given.reasoning, found.example));
    if (answers.length < wanted) leftOut.incomplete++;
    else if (answers.some(isTooLong)) leftOut.tooLong++;
    else if (batch.push({ ...found, answers }) === SCORED_TOGETHER) await score();
  }
  await score();
  const notes = notesOn(leftOut, settings.sampling.rollout.maxNewTokens);
  if (pairs.length === 0) throw new UserError(`${file} has no pair to learn from. ${notes}`.trimEnd());
  if (notes !== '') onProgress(notes);
  return pairs;
}

interface MatchedPair {
  readonly example: Example;
  /** Whether the example is one of the task's. */
  readonly isKnown: boolean;
  readonly answers: readonly string[];
}

/** The example that a pair is of. Held-out ones are never learnt from, or their evaluation would mean nothing. */
function matcher(task: Task): (pair: GivenPair) => Omit<MatchedPair, 'answers'> | 'held out' {
  const [inTraining, anywhere] = [answerMatcher(task, 'train'), answerMatcher(task)];
  const heldOut = new Set([...task.examples.validation, ...task.examples.test].map(({ id }) => id));
  return ({ answer }) => {
    const found = inTraining(answer);
    if (found.kind === 'found') return { example: found.example, isKnown: true };
    const other = anywhere(answer);
    if (other.kind === 'found' && heldOut.has(other.example.id)) return 'held out';
    const query = questionIn(answer.prompt ?? '', task.kind);
    if (query === '')
      throw new UserError(`${answer.row.where}: "query" is missing; a pair is a query and its rewrite.`);
    return { example: unknownExample(task, answer.id ?? answer.row.where, query), isKnown: false };
  };
}

/** A query that the task does not have, to be asked like those that it has. */
function unknownExample({ kind }: Task, id: string, query: string): Example {
  return { id, query, relevant: new Map(), ...(kind === 'sequence' && { history: [] }) };
}

/** Finds the example that a pair is of, as the prompt needs it. */
export function exampleFinder(task: Task): (pair: Pair) => Example {
  const training = new Map(task.examples.train.map((example) => [example.id, example]));
  return ({ exampleId, query }) => training.get(exampleId) ?? unknownExample(task, exampleId, query);
}

async function scoredPairs(
  batch: readonly MatchedPair[],
  { policy, retriever }: TrainerParts,
  { sampling }: TrainerSettings,
): Promise<Pair[]> {
  const examples = batch.map(({ example }) => example);
  const raw = await rawRankings(examples, retriever, sampling.reward.k);
  const items = batch.flatMap(({ example, answers }) => answers.map((completion) => ({ example, completion })));
  const scored = await scoreRewrites(items, retriever, sampling.reward);
  let next = 0;
  return batch.map(({ example, answers, isKnown }, i) => {
    const [chosen, rejected] = answers.map((text) => rolloutOf(policy, text, scored[next++], isKnown));
    const baseline = isKnown ? raw[i] : { ndcg: null, top: raw[i].top };
    return pairOf({ exampleId: example.id, query: example.query, baseline }, chosen, rejected);
  });
}

function rolloutOf(
  policy: Policy,
  text: string,
  { parsed, reward, terms, ranking }: ScoredRewrite,
  isKnown: boolean,
): Rollout {
  return {
    text,
    rewrite: parsed.rewrite,
    format: parsed.format,
    reward: isKnown ? reward : null,
    terms: isKnown ? terms : {},
    advantage: 0,
    tokens: completionTokens(policy, text).length,
    logProb: NaN,
    top: ranking.top,
    ...(!isKnown && { error: 'not scored, for the task has no such query' }),
  };
}

function withoutReasoning(pair: Pair, example: Example): Pair {
  const bare = (rollout: Rollout): Rollout =>
    rollout.rewrite === null ? rollout : { ...rollout, text: completionOf('', rollout.rewrite, example) };
  return { ...pair, rollouts: pair.rollouts.map(bare) };
}

function notesOn(leftOut: { heldOut: number; incomplete: number; tooLong: number }, maxNewTokens: number): string {
  const notes = [
    [leftOut.heldOut, 'of validation or test queries'],
    [leftOut.incomplete, 'without a "rejected" answer'],
    [leftOut.tooLong, `longer than the ${maxNewTokens} tokens of rollout.maxNewTokens`],
  ] as const;
  const said = notes.filter(([count]) => count > 0).map(([count, why]) => `${count} ${why}`);
  return said.length === 0 ? '' : `Pairs left out: ${said.join(', ')}.`;
}

/** How many pairs there are, and what they are worth where that is known. */
function summary(pairs: readonly Pair[]): string {
  const scored = pairs.filter(({ rollouts }) => rollouts[0].reward !== null);
  const count = `${pairs.length} ${pairs.length === 1 ? 'pair' : 'pairs'}`;
  if (scored.length === 0) return count;
  const mean = (value: (pair: Pair) => number): string =>
    (scored.reduce((sum, pair) => sum + value(pair), 0) / scored.length).toFixed(3);
  const theirs = mean(({ rollouts }) => rollouts[0].terms['ndcg'] ?? 0);
  return `${count}, whose rewrites have an NDCG of ${theirs} where the raw queries have ${mean(({ baseline }) => baseline.ndcg ?? 0)}`;
}
