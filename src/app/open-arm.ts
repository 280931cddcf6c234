/**
 * @file The arms that an evaluation can be asked for, by what a person writes: a checkpoint's name, `raw`, `model:DIR`. A new
 * kind of arm is one row here.
 */
import { resolve } from 'node:path';
import { UserError } from '../base/errors.ts';
import type { Task } from '../data/task.ts';
import { disposePolicy, loadPolicy, merged, type Policy } from '../model/policy.ts';
import { type Arm, policyArm, rawQueryArm } from '../rl/arms.ts';
import { checkpointName, findCheckpoint } from '../runs/checkpoint.ts';
import { bestCheckpoint } from '../runs/keep.ts';
import { RAW_QUERY } from '../runs/comparison.ts';
import type { RunConfig } from './config.ts';
import { modelDir, rolloutSettings } from './parts.ts';
import { openCheckpoint } from './policies.ts';
import { storedConfig } from './train.ts';

export interface ArmContext {
  readonly config: RunConfig;
  readonly task: Task;
  /** Whose checkpoints a bare name means; absent where a task is evaluated without a run. */
  readonly runDir?: string;
}

/** An arm, and the checkpoint that it is when it is one. */
export interface OpenedArm {
  readonly arm: Arm;
  readonly checkpoint?: { readonly runDir: string; readonly name: string; readonly dir: string };
}

interface ArmKind {
  /** What a person writes. */
  readonly form: string;
  /** The captured groups are what `open` gets. */
  readonly pattern: RegExp;
  readonly open: (groups: readonly (string | undefined)[], context: ArmContext) => Promise<OpenedArm>;
}

/** The first whose pattern matches the whole text opens it. */
const ARM_KINDS: readonly ArmKind[] = [
  { form: RAW_QUERY, pattern: /^raw$/, open: () => Promise.resolve({ arm: rawQueryArm() }) },
  {
    form: 'start',
    pattern: /^start$/,
    open: (_, context) =>
      context.runDir === undefined
        ? openModel('start', modelDir(context.config), context)
        : openRunArm(context.runDir, checkpointName(0), context),
  },
  { form: 'model:DIR', pattern: /^model:(.+)$/, open: ([dir = ''], context) => openModel(dir, resolve(dir), context) },
  {
    form: '[RUN:]step-000100',
    pattern: /^(?:(.+):)?(step-\d+|best|newest)$/,
    open: ([run, name = ''], context) => {
      const runDir = run ?? context.runDir;
      if (runDir !== undefined) return openRunArm(runDir, name, context);
      throw new UserError(`"${name}" is a checkpoint of no run; write it as RUN:${name}.`);
    },
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
  for (const { pattern, open } of ARM_KINDS) {
    const match = pattern.exec(text);
    if (match) return open(match.slice(1), context);
  }
  throw new UserError(`There is no arm "${text}" to evaluate; choose from ${ARM_FORMS}.`);
}

/**
 * The name of a checkpoint: `newest`, or `best` by its recorded evaluations on the validation split, or as it is written.
 *
 * @throws UserError when the run has none, or was never evaluated.
 */
export async function checkpointNamed(runDir: string, name: string): Promise<{ name: string; dir: string }> {
  if (name !== 'best') return findCheckpoint(runDir, name === 'newest' ? undefined : name);
  const best = await bestCheckpoint(runDir);
  if (best !== undefined) return findCheckpoint(runDir, best);
  throw new UserError(`${runDir} has no checkpoint that was evaluated on the validation split; name one.`);
}

async function openRunArm(runDir: string, name: string, { runDir: own }: ArmContext): Promise<OpenedArm> {
  const config = storedConfig(runDir); // how a policy is asked belongs to it, whatever run the table is of
  const found = await checkpointNamed(runDir, name);
  const policy = await openCheckpoint(found.dir, config);
  const shown = runDir === own ? found.name : `${runDir}:${found.name}`;
  return { arm: armOf(shown, policy, config), checkpoint: { runDir, ...found } };
}

async function openModel(name: string, dir: string, { config }: ArmContext): Promise<OpenedArm> {
  return { arm: armOf(name, merged(await loadPolicy(dir)), config) };
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
