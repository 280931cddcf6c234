/** @file `rec-r1 score` */
import { configFrom, parseAssignments, type RunConfig } from '../app/config.ts';
import { parseMetrics } from '../app/measure.ts';
import { openRetriever } from '../app/open-retriever.ts';
import { openReward } from '../app/open-reward.ts';
import { openTaskOf } from '../app/task-of.ts';
import { scoreOutputs, type Scoring } from '../app/score.ts';
import { type SignChanges, signChanges } from '../app/sign-changes.ts';
import { UserError } from '../base/errors.ts';
import { readRollouts, type StoredAnswer } from '../data/rollouts.ts';
import { SPLITS } from '../data/task.ts';
import { BM25_OPTIONS } from './bm25-option.ts';
import { defineCommand, noPositionals, oneOf, type Output, required, type Values } from './command.ts';
import { encodingNotes } from './encoding-notes.ts';
import { metricOptions, readMetricOptions } from './metric-options.ts';

const DEFAULT_METRICS = ['ndcg@10', 'ndcg@100', 'recall@10'];

/** Answers whose advantage changes its sign that are shown. */
const SHOWN_CHANGES = 10;

const OPTIONS = {
  task: { type: 'string', value: 'DIR', about: 'The task folder.' },
  outputs: { type: 'string', value: 'PATH', about: 'The answers: a file, or a folder with a file for each step.' },
  run: { type: 'string', value: 'RUN', about: 'Instead of both: the rollouts of a run, with its own settings.' },
  split: { type: 'string', value: 'NAME', about: `Only examples of ${SPLITS.join(', ')}; all unless given.` },
  ...metricOptions(DEFAULT_METRICS),
  by: { type: 'string', value: 'COLUMN', about: 'Means for each value of a column too, such as step or system.' },
  bare: { type: 'boolean', about: 'The text is the rewrite itself.' },
  set: {
    type: 'string',
    multiple: true,
    value: 'NAME=VALUE',
    about: 'A setting of the reward or the search, such as reward.k=1000 or bm25.b=0.4.',
  },
  'paper-wrapper': BM25_OPTIONS['paper-wrapper'],
} as const;

export const scoreCommand = defineCommand({
  usage: [
    'score --task DIR --outputs FILE|DIR [--split test] [--by COLUMN] [--metric NAME]... [--set NAME=VALUE]...',
    'score --run RUN [--by step] [--metric NAME]... [--set NAME=VALUE]...',
  ],
  about:
    'Scores answers that a model wrote earlier, without a model: tables (.jsonl, .csv, .tsv, also .gz, or .parquet) as this\n' +
    'program, the paper’s authors (_id or user_id, history and target; generated_text), TRL (prompt, completion) and verl\n' +
    '(input, output, gts) store them, one file or a folder of them; or the rollouts of a run, with another reward by --set.\n' +
    'Where the training’s own rewards or advantages are stored, it says which advantages change their sign.\n' +
    'An answer is <think>…</think><answer>{"query": "…"}</answer>; --bare takes the text itself as the rewrite.',
  options: OPTIONS,
  async run({ values, positionals }, output) {
    noPositionals(positionals);
    const { answers, source, config, trainedWith } = await sourceOf(values);
    const split = values.split === undefined ? undefined : oneOf(SPLITS, values.split, '--split');
    const { gain, duplicates } = readMetricOptions(values);
    const metrics = parseMetrics(
      values.metric ?? DEFAULT_METRICS.filter((name) => cutoffOf(name) <= config['reward.k']),
    );
    const task = await openTaskOf(config);
    const retriever = await openRetriever(task, config, {
      paperWrapper: values['paper-wrapper'],
      onProgress: encodingNotes(output),
    });
    const reward = await openReward(task, config);
    const scoring = await scoreOutputs(task, answers, source, retriever, {
      shape: reward.shape,
      metrics,
      gain,
      duplicates,
      split,
      bare: values.bare,
      by: values.by,
    }).finally(async () => {
      await reward.dispose();
      await retriever.dispose?.();
    });
    const changes = signChanges(scoring.rows, { before: trainedWith, after: config['grpo.advantage'] });
    output.object({ ...scoring, ...(changes && { signChanges: changes }) });
    printScoring(scoring, retriever.name, output);
    if (changes) printChanges(changes, output);
  },
});

interface Source {
  readonly answers: AsyncIterable<StoredAnswer>;
  /** For messages. */
  readonly source: string;
  readonly config: RunConfig;
  /** What rewards were compared with. */
  readonly trainedWith: RunConfig['grpo.advantage'];
}

/** A run brings its task and its settings along; for files they are given. */
async function sourceOf(values: Values<typeof OPTIONS>): Promise<Source> {
  const given = parseAssignments(values.set ?? []);
  const { run } = values;
  if (run === undefined) {
    const task = required(values.task, '--task', 'tasks/beauty');
    const source = required(values.outputs, '--outputs', 'answers.jsonl');
    const config = configFrom({ ...given, task }, '--set');
    return { answers: readRollouts(source), source, config, trainedWith: 'grpo' };
  }
  if (values.task !== undefined || values.outputs !== undefined) {
    throw new UserError('--run brings its own task and answers; leave --task and --outputs out.');
  }
  const { storedConfig } = await import('../app/stored-config.ts'); // so that files are scored without opening runs
  const { answersOfRun } = await import('../app/run-answers.ts');
  const stored = storedConfig(run);
  const config = configFrom({ ...stored, ...given }, '--set');
  return { answers: answersOfRun(run), source: run, config, trainedWith: stored['grpo.advantage'] };
}

function printScoring({ rows, metrics, groups, skipped, skippedBecause }: Scoring, by: string, output: Output): void {
  const wrong = rows.filter(({ format }) => format !== 'ok').length;
  output.line(`${rows.length} answers, ${wrong} in a wrong format, by ${by}`);
  for (const [name, value] of Object.entries(metrics)) output.line(`${name}\t${value.toFixed(4)}`);
  for (const { name, answers, metrics: means } of groups) {
    const cells = Object.entries(means).map(([metric, value]) => `${metric} ${value.toFixed(4)}`);
    output.line([name, `${answers} answers`, ...cells].join('\t'));
  }
  const notes = rows.flatMap(({ _id, note }) => (note === undefined ? [] : `${_id}: ${note}`));
  if (notes.length > 0) output.note(`${notes.length} searches came with a note, the first for ${notes[0]}`);
  if (skipped > 0) output.note(`${skipped} answers were skipped: ${skippedBecause}.`);
}

function printChanges({ answers, groups, reward, turned, lost, gained }: SignChanges, output: Output): void {
  const old = Number.isNaN(reward.before) ? '' : ` instead of ${reward.before.toFixed(4)}`;
  output.line(`\nAs a training signal: mean reward ${reward.after.toFixed(4)}${old}, in ${groups} groups`);
  output.line(
    `${turned.length} of ${answers} advantages change their sign; ${lost} groups would no longer teach anything, ${gained} now would`,
  );
  for (const { group, _id, rewrite, reward: r, advantage } of turned.slice(0, SHOWN_CHANGES)) {
    const signed = (value: number): string => (value > 0 ? `+${value.toFixed(2)}` : value.toFixed(2));
    const rewards = Number.isNaN(r.before) ? r.after.toFixed(3) : `${r.before.toFixed(3)} → ${r.after.toFixed(3)}`;
    output.line(
      `  ${signed(advantage.before)} → ${signed(advantage.after)}  reward ${rewards}  ${_id} (${group.slice(0, 30)})  ${rewrite ?? '(in a wrong format)'}`,
    );
  }
  if (turned.length > SHOWN_CHANGES) output.line(`  … and ${turned.length - SHOWN_CHANGES} more; --json has all`);
}

function cutoffOf(metric: string): number {
  return Number(metric.split('@')[1]);
}
