/** @file `rec-r1 rewrite`: what a checkpoint makes of a query, and what the recommender then finds. */
import { openRewriter } from '../app/rewrite.ts';
import { UserError } from '../base/errors.ts';
import { countOf, defineCommand } from './command.ts';
import { newestRun } from './newest-run.ts';

export const rewriteCommand = defineCommand({
  usage: ['rewrite [--run RUN] [--checkpoint NAME] [--sample N] [-k N] "query" …'],
  about: 'Rewrites queries with a checkpoint (the newest by default) and shows the best documents for each.',
  options: {
    run: { type: 'string', value: 'RUN', about: 'Folder of the run; the newest under runs/ by default.' },
    checkpoint: { type: 'string', value: 'NAME', about: 'Such as step-000100.' },
    sample: {
      type: 'string',
      value: 'N',
      about: 'A random draw instead of the most likely rewrite; another for each N.',
    },
    limit: { type: 'string', short: 'k', value: 'N', about: 'Documents shown; 5 by default.' },
  },
  run: async ({ values, positionals }, output) => {
    if (positionals.length === 0) throw new UserError('Give a query, such as rec-r1 rewrite "warm hat for winter".');
    const limit = countOf(values.limit ?? '5', '-k');
    const sample = values.sample === undefined ? {} : { sample: countOf(values.sample, '--sample') };
    const rewriter = await openRewriter(values.run ?? newestRun(), values.checkpoint);
    try {
      for (const query of positionals) {
        const answer = await rewriter.rewrite(query, { limit, ...sample });
        output.line(`${query}\n  → ${answer.rewrite ?? `(malformed: ${answer.format}) ${answer.completion}`}`);
        for (const [i, { title, score }] of answer.hits.entries()) {
          output.line(`  ${String(i + 1).padStart(2)}. ${score.toFixed(2).padStart(6)}  ${title}`);
        }
        output.object({ checkpoint: rewriter.checkpoint, ...answer });
      }
    } finally {
      await rewriter.dispose();
    }
  },
});
