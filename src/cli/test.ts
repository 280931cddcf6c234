/** @file `rec-r1 test`: queries that must keep what they find, checked with a checkpoint. */
import { checkRegression, readRegressions, type RegressionResult } from '../app/regressions.ts';
import { openRewriter } from '../app/rewrite.ts';
import { UserError } from '../base/errors.ts';
import { failureLines } from '../data/regressions.ts';
import { defineCommand } from './command.ts';
import { newestRun } from './newest-run.ts';

export const testCommand = defineCommand({
  usage: ['test FILE … [--run RUN] [--checkpoint NAME]'],
  about:
    'Checks files of queries that must rank some documents high ({"tests": [{"query", "documents", "k"}]}); the status is 1 when a test fails.',
  options: {
    run: { type: 'string', value: 'RUN', about: 'Folder of the run; the newest under runs/ by default.' },
    checkpoint: { type: 'string', value: 'NAME', about: 'Such as step-000100; the newest by default.' },
  },
  run: async ({ values, positionals }, output) => {
    if (positionals.length === 0) throw new UserError('Name a file of tests, such as rec-r1 test rec-r1.tests.json.');
    const tests = (await Promise.all(positionals.map(readRegressions))).flat();
    const rewriter = await openRewriter(values.run ?? newestRun(), values.checkpoint);
    const failed: RegressionResult[] = [];
    try {
      for (const test of tests) {
        const result = await checkRegression(rewriter, test);
        if (!result.passed) failed.push(result);
        output.line(`${result.passed ? 'ok    ' : 'FAILED'}  ${test.name}  →  ${result.rewrite ?? '(malformed)'}`);
        if (!result.passed) for (const line of failureLines(result)) output.line(`        ${line}`);
        output.object(result);
      }
    } finally {
      await rewriter.dispose();
    }
    if (failed.length > 0) {
      throw new UserError(
        `${failed.length} of ${tests.length} tests failed with ${rewriter.checkpoint}: ${failed.map(({ test }) => test.name).join('; ')}.`,
      );
    }
    output.line(`${tests.length} tests passed with ${rewriter.checkpoint}.`);
  },
});
