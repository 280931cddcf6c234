/** @file `rec-r1 train`: trains a run, shows how it goes, and with --report what came of it. */
import { join } from 'node:path';
import { configFrom, parseAssignments, type RunConfig, settingsIn } from '../app/config.ts';
import { PAPER_PRESET_NAMES, paperConfiguration, type PaperPresetName } from '../app/paper.ts';
import type { SettingName } from '../app/settings.ts';
import { suggestedSampling } from '../app/suggested-sampling.ts';
import { type ForkRequest, forkTraining, startTraining } from '../app/train.ts';
import { UserError } from '../base/errors.ts';
import { readJson } from '../base/json-file.ts';
import { defineCommand, noPositionals, oneOf, type Options, type Output } from './command.ts';
import { followTraining } from './follow-training.ts';

/** How a new run is configured, whatever its method. */
export const RUN_OPTIONS = {
  task: { type: 'string', value: 'DIR', about: 'Folder of the task, or "sample" (the default).' },
  model: { type: 'string', value: 'DIR', about: 'Start policy in Hugging Face layout, or "starter" (the default).' },
  run: { type: 'string', value: 'DIR', about: 'Folder of the new run; by default runs/ and the time.' },
  steps: { type: 'string', value: 'N', about: 'Optimizer steps.' },
  seed: { type: 'string', value: 'S', about: 'Everything random follows from it.' },
  backend: { type: 'string', value: 'NAME', about: 'Tensor engine; see rec-r1 doctor.' },
  config: { type: 'string', value: 'FILE', about: 'JSON file of settings; the other options win over it.' },
  set: { type: 'string', multiple: true, value: 'NAME=VALUE', about: 'Any setting; may be repeated.' },
  jsonl: { type: 'string', value: 'FILE', about: 'Also write the metrics to this file as JSON Lines.' },
  tensorboard: {
    type: 'string',
    value: 'DIR',
    about: 'Also write the metrics for TensorBoard, into a folder in this one.',
  },
  report: { type: 'boolean', about: 'Afterwards compare start and end on the test queries.' },
} as const satisfies Options;

export const trainCommand = defineCommand({
  usage: [
    'train [--task DIR|sample] [--run DIR] [--steps N] [--seed S] [--backend NAME] [--set name=value …]',
    'train --preset NAME [--set name=value …] > NAME.rec-r1.json',
    'train --fork RUN[:CHECKPOINT] [--fresh-optimizer] [--run DIR] [--steps N] [--set name=value …]',
  ],
  about:
    'Trains a policy to rewrite queries, with the ranking quality of the recommender as the reward. Ctrl-C stops after the current step with a checkpoint; a second Ctrl-C stops at once. With --fork a new run goes on from the checkpoint of another, with its settings but for those that are given.',
  options: {
    ...RUN_OPTIONS,
    preset: {
      type: 'string',
      value: 'NAME',
      about: `Prints a recipe of the paper for --config instead of training: ${PAPER_PRESET_NAMES.join(', ')}.`,
    },
    fork: {
      type: 'string',
      value: 'RUN[:CHECKPOINT]',
      about: 'Go on from here; by default from its newest checkpoint.',
    },
    'fresh-optimizer': { type: 'boolean', about: 'A fork begins with an empty optimizer state.' },
  },
  run: async ({ values, positionals }, output) => {
    noPositionals(positionals);
    if (values.preset !== undefined) {
      printPreset(oneOf(PAPER_PRESET_NAMES, values.preset, '--preset'), values, output);
      return;
    }
    const given = await allGiven(values);
    const runDir = values.run ?? newRunDir();
    const freshOptimizer = values['fresh-optimizer'];
    if (values.fork !== undefined) {
      const fork = { runDir, parent: parentOf(values.fork), given, freshOptimizer };
      await followTraining(runDir, (context) => forkTraining(fork, context), output, values.report);
      return;
    }
    if (freshOptimizer) throw new UserError('--fresh-optimizer belongs to --fork; a new run has an empty one anyway.');
    const config = configFrom(given, 'settings');
    const suggestion = await suggestedSampling(config);
    if (suggestion !== undefined) output.line(suggestion);
    await followTraining(runDir, (context) => startTraining({ runDir, config }, context), output, values.report);
  },
});

export interface GivenSettings {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly [option: string]: unknown;
}

/** The recipe with what was given besides, as a file of settings. */
function printPreset(name: PaperPresetName, values: GivenSettings, output: Output): void {
  const given = givenSettings(values);
  const checked = configFrom(given, 'settings');
  const names = Object.keys(given) as readonly SettingName[];
  const configuration = paperConfiguration(name, Object.fromEntries(names.map((set) => [set, checked[set]])));
  output.object(configuration);
  output.line(JSON.stringify(configuration, null, 2));
}

/** `runs/a` or `runs/a:step-000040`; a folder's own name may have a colon. */
function parentOf(fork: string): ForkRequest['parent'] {
  const named = /^(.+):(step-\d+)$/.exec(fork);
  return named ? { dir: named[1], checkpoint: named[2] } : { dir: fork };
}

/** A new folder under runs/, named by the time. */
export function newRunDir(): string {
  return join('runs', `run-${timeStamp(new Date())}`);
}

/**
 * The configuration that a command line names.
 *
 * @param more settings that other options of the command stand for; they win.
 */
export async function configOf(values: GivenSettings, more: Readonly<Record<string, string>> = {}): Promise<RunConfig> {
  return configFrom({ ...(await allGiven(values)), ...more }, 'settings');
}

async function allGiven(values: GivenSettings): Promise<Readonly<Record<string, unknown>>> {
  const file = values.config === undefined ? {} : settingsIn(await readJson(values.config), values.config);
  configFrom(file, values.config ?? '--config'); // so that a message names the right source
  return { ...file, ...givenSettings(values) };
}

/** Options with a name of their own, and the settings that they stand for. */
const DIRECT = {
  task: 'task',
  model: 'model',
  steps: 'steps',
  seed: 'seed',
  backend: 'backend',
  jsonl: 'sink.jsonl',
  tensorboard: 'sink.tensorboard',
} as const;

/** Settings from options, those with a name of their own over `--set`. */
function givenSettings(values: GivenSettings): Readonly<Record<string, unknown>> {
  const direct = Object.entries(DIRECT).flatMap(([option, name]) =>
    values[option] === undefined ? [] : [[name, values[option]] as const],
  );
  return { ...parseAssignments(values.set ?? []), ...Object.fromEntries(direct) };
}

/** 20260131-235959, local time: sorts by age. */
function timeStamp(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}
