/**
 * @file What assistants in the editor may ask: runs, steps, rewrites, comparisons. All of it only reads; what starts a process
 * and loads a model, the person confirms first.
 */
import * as vscode from 'vscode';
import { UserError } from '../base/errors.ts';
import { SPLITS, type Split } from '../data/task.ts';
import { type Comparison, RAW_QUERY } from '../runs/comparison.ts';
import { openRunReader, type RunReader } from '../runs/reader.ts';
import { compareRecorded } from '../runs/recorded-comparison.ts';
import type { CheckpointInUse } from './checkpoint-in-use.ts';
import type { Comparers } from './comparison.ts';
import type { NamedCheckpoint, Rewrites } from './rewrites.ts';
import type { Runs } from './runs.ts';
import { comparisonText, rewriteText, runsText, stepText } from './run-text.ts';
import { abortSignalOf } from './worker.ts';

interface Parts extends Comparers {
  readonly runs: Runs;
  readonly inUse: CheckpointInUse;
  readonly rewrites: Rewrites;
}

/** The name of a run; what an assistant leaves out is found out. */
interface RunInput {
  readonly run?: string;
}
interface StepInput extends RunInput {
  readonly step?: number;
}
interface RewriteInput extends RunInput {
  readonly query: string;
  readonly checkpoint?: string;
}
interface CompareInput extends RunInput {
  readonly a?: string;
  readonly b?: string;
  readonly split?: string;
}

interface Tool<I> {
  /** What is shown while it runs. */
  readonly message: (input: I) => string;
  /** What the person is asked first; nothing for what is only read from the disk. */
  readonly question?: (input: I) => string | undefined | Promise<string | undefined>;
  readonly answer: (input: I, signal: AbortSignal) => Promise<string> | string;
}

export function registerAssistantTools(parts: Parts): vscode.Disposable {
  const { runs } = parts;
  return vscode.Disposable.from(
    register<RunInput>('rec-r1_list_runs', {
      message: () => vscode.l10n.t('Listing the runs'),
      answer: () => runsText(runs.list(), (dir) => reading(dir, (reader) => reader.evaluations())),
    }),
    register<StepInput>('rec-r1_show_step', {
      message: ({ step }) =>
        step === undefined ? vscode.l10n.t('Reading the newest step') : vscode.l10n.t('Reading step {0}', step),
      answer: ({ run, step }) => reading(runDirOf(runs, run), (reader) => stepText(reader, step)),
    }),
    register<RewriteInput>('rec-r1_rewrite_query', {
      message: ({ query }) => vscode.l10n.t('Rewriting “{0}”', query),
      question: ({ query }) =>
        vscode.l10n.t('Load a checkpoint in a process of its own to rewrite “{0}” and search for it?', query),
      answer: (input, signal) => rewrite(input, parts, signal),
    }),
    register<CompareInput>('rec-r1_compare_checkpoints', {
      message: () => vscode.l10n.t('Comparing checkpoints'),
      question: async (input) => {
        const comparison = comparisonOf(runs, input);
        const { a, b, split } = comparison;
        if (await recorded(comparison, parts)) return undefined;
        return vscode.l10n.t(
          'Load {0} and {1} in a process of their own to evaluate them on the {2} queries?',
          a,
          b,
          split,
        );
      },
      answer: async (input, signal) => {
        const comparison = comparisonOf(runs, input);
        return comparisonText(
          (await recorded(comparison, parts)) ?? (await parts.worker.ask('compare', comparison, signal)),
        );
      },
    }),
  );
}

function register<I>(name: string, { message, question, answer }: Tool<I>): vscode.Disposable {
  return vscode.lm.registerTool<I>(name, {
    prepareInvocation: async ({ input }) => {
      const asked = await question?.(input);
      const confirmationMessages =
        asked === undefined ? {} : { confirmationMessages: { title: 'Rec-R1', message: asked } };
      return { invocationMessage: message(input), ...confirmationMessages };
    },
    invoke: async ({ input }, token) => {
      const text = await answer(input, abortSignalOf(token));
      return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(text)]);
    },
  });
}

async function rewrite(
  { query, ...named }: RewriteInput,
  { runs, inUse, rewrites }: Parts,
  signal: AbortSignal,
): Promise<string> {
  const checkpoint = checkpointOf(runs, inUse, named);
  return rewriteText(await rewrites.get({ ...checkpoint, query }, signal), checkpoint.checkpoint);
}

/** The named checkpoint, else the one in use, else the newest of the run. */
function checkpointOf(
  runs: Runs,
  inUse: CheckpointInUse,
  { run, checkpoint }: Omit<RewriteInput, 'query'>,
): NamedCheckpoint {
  if (run === undefined && checkpoint === undefined && inUse.current) return inUse.current;
  const runDir = runDirOf(runs, run);
  return { runDir, checkpoint: checkpoint ?? newestCheckpoint(runDir) };
}

type ComparisonAsk = NamedSides & { readonly runDir: string };
interface NamedSides {
  readonly a: string;
  readonly b: string;
  readonly split: Split;
}

/** The newest checkpoint against the query as typed on the validation queries, but for what is named. */
function comparisonOf(runs: Runs, { run, a = RAW_QUERY, b, split = 'validation' }: CompareInput): ComparisonAsk {
  const runDir = runDirOf(runs, run);
  const known = SPLITS.find((name) => name === split);
  if (!known) throw new UserError(`There is no split "${split}"; name one of ${SPLITS.join(', ')}.`);
  return { runDir, a, b: b ?? newestCheckpoint(runDir), split: known };
}

async function recorded(
  { runDir, ...sides }: ComparisonAsk,
  { statisticsOf }: Pick<Comparers, 'statisticsOf'>,
): Promise<Comparison | null> {
  const reader = openRunReader(runDir);
  try {
    return await compareRecorded(reader, sides, statisticsOf);
  } finally {
    reader.close();
  }
}

function newestCheckpoint(runDir: string): string {
  const newest = reading(runDir, (reader) => reader.checkpoints().at(-1));
  if (newest) return newest.name;
  throw new UserError(`${runDir} has no checkpoint yet; wait for the first step.`);
}

/** The folder of the named run, else of the current or newest one. @throws UserError when there is none. */
function runDirOf(runs: Runs, name: string | undefined): string {
  const infos = runs.list().flatMap((listing) => (listing.kind === 'run' ? [listing.info] : []));
  if (name === undefined && runs.current) return runs.current.dir;
  const found = name === undefined ? infos.at(0) : infos.find((info) => info.name === name || info.dir === name);
  if (found) return found.dir;
  const names = infos.map((info) => info.name).join(', ');
  throw new UserError(
    name === undefined ? 'There is no run yet.' : `There is no run "${name}"; there are: ${names || 'none'}.`,
  );
}

function reading<T>(runDir: string, work: (reader: RunReader) => T): T {
  const reader = openRunReader(runDir);
  try {
    return work(reader);
  } finally {
    reader.close();
  }
}
