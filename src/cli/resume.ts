/** @file `rec-r1 resume`: continues a run from its newest checkpoint, or from an earlier one. */
import { resumeTraining } from '../app/train.ts';
import { UserError } from '../base/errors.ts';
import { countOf, defineCommand } from './command.ts';
import { followTraining } from './follow-training.ts';
import { newestRun } from './newest-run.ts';

export const resumeCommand = defineCommand({
  usage: ['resume [RUN] [--checkpoint NAME] [--steps N]'],
  about:
    'Continues a stopped, crashed or finished run from its newest checkpoint, with the same results as if it had never stopped. With --checkpoint later steps are taken back, and later checkpoints removed; train --fork keeps them. Without RUN: the newest run under runs/.',
  options: {
    checkpoint: { type: 'string', value: 'NAME', about: 'Such as step-000040.' },
    steps: { type: 'string', value: 'N', about: 'A new total number of steps.' },
    report: { type: 'boolean', about: 'Afterwards compare start and end on the test queries.' },
  },
  run: async ({ values, positionals }, output) => {
    if (positionals.length > 1) throw new UserError(`Give one run, not ${positionals.length}.`);
    const runDir = positionals[0] ?? newestRun();
    const steps = values.steps === undefined ? undefined : countOf(values.steps, '--steps');
    const request = { runDir, steps, checkpoint: values.checkpoint };
    await followTraining(runDir, (context) => resumeTraining(request, context), output, values.report);
  },
});
