/** @file `rec-r1 train`: trains a run, shows how it goes, and with --report what came of it. */
import { join } from 'node:path';
import { configFrom, parseAssignments, type RunConfig, settingsIn } from '../app/config.ts';
import { suggestedSampling } from '../app/suggested-sampling.ts';
import { startTraining } from '../app/train.ts';
import { readJson } from '../base/json-file.ts';
import { defineCommand, noPositionals } from './command.ts';
import { followTraining } from './follow-training.ts';

export const trainCommand = defineCommand({
  usage: ['train [--task DIR|sample] [--run DIR] [--steps N] [--seed S] [--backend NAME] [--set name=value …]'],
  about:
    'Trains a policy to rewrite queries, with the ranking quality of the recommender as the reward. Ctrl-C stops after the current step with a checkpoint; a second Ctrl-C stops at once.',
  options: {
    task: { type: 'string', value: 'DIR', about: 'Folder of the task, or "sample" (the default).' },
    model: { type: 'string', value: 'DIR', about: 'Start policy in Hugging Face layout, or "starter" (the default).' },
    run: { type: 'string', value: 'DIR', about: 'Folder of the new run; by default runs/ and the time.' },
    steps: { type: 'string', value: 'N', about: 'Optimizer steps.' },
    seed: { type: 'string', value: 'S', about: 'Everything random follows from it.' },
    backend: { type: 'string', value: 'NAME', about: 'Tensor engine; see rec-r1 doctor.' },
    config: { type: 'string', value: 'FILE', about: 'JSON file of settings; the other options win over it.' },
    set: { type: 'string', multiple: true, value: 'NAME=VALUE', about: 'Any setting; may be repeated.' },
    report: { type: 'boolean', about: 'Afterwards compare start and end on the test queries.' },
  },
  run: async ({ values, positionals }, output) => {
    noPositionals(positionals);
    const config = await configOf(values);
    const suggestion = await suggestedSampling(config);
    if (suggestion !== undefined) output.line(suggestion);
    const runDir = values.run ?? join('runs', `run-${timeStamp(new Date())}`);
    await followTraining(runDir, (context) => startTraining({ runDir, config }, context), output, values.report);
  },
});

/** The configuration that a command line names. */
export async function configOf(values: {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly [option: string]: unknown;
}): Promise<RunConfig> {
  const file = values.config === undefined ? {} : settingsIn(await readJson(values.config), values.config);
  const direct = Object.fromEntries(
    ['task', 'model', 'steps', 'seed', 'backend'].flatMap((name) =>
      values[name] === undefined ? [] : [[name, values[name]]],
    ),
  );
  configFrom(file, values.config ?? '--config'); // so that a message names the right source
  return configFrom({ ...file, ...parseAssignments(values.set ?? []), ...direct }, 'settings');
}

/** 20260131-235959, local time: sorts by age. */
function timeStamp(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}
