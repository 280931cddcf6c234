/**
 * @file The arms that an evaluation can be asked for, by what a person writes: a checkpoint's name, `raw`, `model:DIR`. A new
 * kind of arm is one row here.
 */
import { resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import type { Task } from '../data/task.ts';
import { disposePolicy, loadPolicy, type Policy } from '../model/policy.ts';
import { type Arm, policyArm, rawQueryArm } from '../rl/arms.ts';
import { checkpointName, findCheckpoint } from '../runs/checkpoint.ts';
import { bestCheckpoint } from '../runs/keep.ts';
import { RAW_QUERY } from '../runs/comparison.ts';
import { trainingCost } from '../runs/training-cost.ts';
import { BASELINE_KINDS } from './baseline-arms.ts';
import { configFrom, type RunConfig } from './config.ts';
import { modelDir, rolloutSettings } from './parts.ts';
import { openCheckpoint } from './policies.ts';
import { storedConfig } from './stored-config.ts';

/** Whose settings an arm is asked with. */
export interface ArmSettings {
  readonly config: RunConfig;
  /** Those settings that somebody gave in place of the run's: they also win over those of another run's checkpoint. */
  readonly given: Readonly<Record<string, unknown>>;
  /** Whose checkpoints a bare name means; absent where a task is evaluated without a run. */
  readonly runDir?: string;
}

export interface ArmContext extends ArmSettings {
  readonly task: Task;
}

/** An arm, and whose settings it answers with. */
export interface OpenedArm {
  readonly arm: Arm;
  readonly config: RunConfig;
  /** When it is one. */
  readonly checkpoint?: Checkpoint;
}

export interface Checkpoint {
  readonly runDir: string;
  readonly name: string;
}

/** Settings of what is searched and how it is measured … */
const MEASURING = /^(task|sequence\..*|retriever|bm25\..*|evaluation\.(k|limit|samples))$/;
/** … and of how a policy is asked. */
const ASKING = /^(seed|promptStyle|rollout\.(?!prompts$|groupSize$).*)$/;

const CHECKPOINT_PATTERN = /^(?:(.+):)?(step-\d+|best|newest)$/;

export interface ArmKind {
  /** What a person writes. */
  readonly form: string;
  /** What texts it opens. */
  readonly pattern: RegExp;
  readonly open: (text: string, context: ArmContext) => Promise<OpenedArm>;
}

/** The first whose pattern matches the whole text opens it. */
const ARM_KINDS: readonly ArmKind[] = [
  {
    form: RAW_QUERY,
    pattern: /^raw$/,
    open: (_, { config }) => Promise.resolve({ arm: rawQueryArm(), config }),
  },
  ...BASELINE_KINDS,
  {
    form: 'start',
    pattern: /^start$/,
    open: (_, context) =>
      context.runDir === undefined
        ? openModel('start', modelDir(context.config), context)
        : openCheckpointArm({ runDir: context.runDir, name: checkpointName(0) }, context),
  },
  {
    form: 'model:DIR',
    pattern: /^model:./,
    open: (text, context) => openModel(text, resolve(text.slice('model:'.length)), context),
  },
  {
    form: '[RUN:]step-000100',
    pattern: CHECKPOINT_PATTERN,
    open: async (text, context) => openCheckpointArm((await checkpointOf(text, context))!, context),
  },
];

/** What may be written, for help and messages. */
export const ARM_FORMS = [...ARM_KINDS.map(({ form }) => form), '[RUN:]best', '[RUN:]newest'].join(', ');

/**
 * Opens the arm that somebody asked for; dispose it.
 *
 * @throws UserError when there is none of that name, or it cannot be opened.
 */
export async function openArm(text: string, context: ArmContext): Promise<OpenedArm> {
  return kindOf(text).open(text, context);
}

/** So that a misspelt arm is said before an hour of evaluating the others. @throws UserError */
export function checkArms(texts: readonly string[]): void {
  for (const text of texts) kindOf(text);
}

function kindOf(text: string): ArmKind {
  const kind = ARM_KINDS.find(({ pattern }) => pattern.test(text));
  if (kind) return kind;
  throw new UserError(`There is no arm "${text}" to evaluate; choose from ${ARM_FORMS}.`);
}

/**
 * The checkpoint that somebody named: `step-000100`, `newest`, or `best` by its recorded evaluations on the validation split,
 * of the run before a colon or else of the context's. Undefined for what names no checkpoint.
 *
 * @throws UserError when the run has none of that name, or was never evaluated.
 */
export async function checkpointOf(
  text: string,
  context: Pick<ArmSettings, 'runDir'>,
): Promise<(Checkpoint & { readonly dir: string }) | undefined> {
  const match = CHECKPOINT_PATTERN.exec(text);
  if (!match) return undefined;
  const [, run, name] = match as readonly (string | undefined)[];
  const runDir = run ?? context.runDir;
  if (runDir === undefined) throw new UserError(`"${text}" is a checkpoint of no run; write it as RUN:${text}.`);
  return { runDir, ...(await checkpointNamed(runDir, name!)) };
}

async function checkpointNamed(runDir: string, name: string): Promise<{ name: string; dir: string }> {
  if (name !== 'best') return findCheckpoint(runDir, name === 'newest' ? undefined : name);
  const best = await bestCheckpoint(runDir);
  if (best !== undefined) return findCheckpoint(runDir, best);
  throw new UserError(`${runDir} has no checkpoint that was evaluated on the validation split; name one.`);
}

/**
 * With what a checkpoint is evaluated: how it is asked belongs to its run, what is searched and measured to the context.
 */
export function configOfCheckpoint({ runDir }: Checkpoint, { runDir: own, config, given }: ArmSettings): RunConfig {
  if (runDir === own) return config;
  const measuring = Object.entries(config).filter(([name]) => MEASURING.test(name));
  return configFrom({ ...storedConfig(runDir), ...Object.fromEntries(measuring), ...given }, 'settings');
}

/** How an arm is called in a table of the context's run. */
export function shownName({ runDir, name }: Checkpoint, { runDir: own }: Pick<ArmSettings, 'runDir'>): string {
  return runDir === own ? name : `${runDir}:${name}`;
}

/** Those settings that an evaluation's rows depend on. */
export function evaluationSettings(config: RunConfig): Readonly<Record<string, string | number>> {
  return Object.fromEntries(Object.entries(config).filter(([name]) => MEASURING.test(name) || ASKING.test(name)));
}

async function openCheckpointArm(checkpoint: Checkpoint, context: ArmContext): Promise<OpenedArm> {
  const config = configOfCheckpoint(checkpoint, context);
  const { dir } = await findCheckpoint(checkpoint.runDir, checkpoint.name);
  const policy = await openCheckpoint(dir, storedConfig(checkpoint.runDir));
  const training = trainingCost(checkpoint.runDir, checkpoint.name);
  return { arm: { ...armOf(shownName(checkpoint, context), policy, config), training }, config, checkpoint };
}

async function openModel(name: string, dir: string, { config }: ArmContext): Promise<OpenedArm> {
  return { arm: armOf(name, await loadPolicy(dir, { isFrozen: true }), config), config };
}

function armOf(name: string, policy: Policy, config: RunConfig): Arm {
  return {
    ...policyArm(name, policy, rolloutSettings(config), config.seed),
    dispose: () => {
      disposePolicy(policy);
      return Promise.resolve();
    },
  };
}
