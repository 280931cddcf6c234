/** @file `rec-r1 tune`: the methods that Rec-R1 is compared with, which learn from pairs; their runs are like any other. */
import { startTraining } from '../app/train.ts';
import { METHODS } from '../rl/choices.ts';
import { defineCommand, noPositionals, optionalOneOf } from './command.ts';
import { followTraining } from './follow-training.ts';
import { configOf, newRunDir, RUN_OPTIONS } from './train.ts';

const TUNING = METHODS.filter((method) => method !== 'grpo');

export const tuneCommand = defineCommand({
  usage: [
    'tune --pairs FILE [--method sft|dpo] [--run DIR] [--steps N] [--set name=value …]',
    'tune [--method rejection|dpo] [--from-run RUN] [--run DIR] [--steps N] [--set name=value …]',
  ],
  about:
    'Tunes a policy on pairs instead of rewards, to compare with. "sft" learns rewrites that somebody wrote; "rejection" the best of the policy’s own; "dpo" the best over the worst. Only the answer is learnt, never the prompt. With --set lora.rank=8 adapters alone. Stop and resume it like a training.',
  options: {
    method: { type: 'string', value: 'NAME', about: 'sft (the default with --pairs), rejection (without), or dpo.' },
    pairs: {
      type: 'string',
      value: 'FILE',
      about: 'Table with "query", and "rewrite" (and "reasoning") or "completion"; for dpo also "rejected".',
    },
    'from-run': { type: 'string', value: 'RUN', about: 'Take the rewrites that a run has stored, without sampling.' },
    ...RUN_OPTIONS,
  },
  run: async ({ values, positionals }, output) => {
    noPositionals(positionals);
    const method = optionalOneOf(TUNING, values.method, '--method') ?? (values.pairs ? 'sft' : 'rejection');
    const config = await configOf(values, {
      method,
      ...(values.pairs !== undefined && { 'pairs.file': values.pairs }),
      ...(values['from-run'] !== undefined && { 'pairs.run': values['from-run'] }),
    });
    const runDir = values.run ?? newRunDir();
    await followTraining(runDir, (context) => startTraining({ runDir, config }, context), output, values.report);
  },
});
