/** @file `npm run l10n`: says which texts lack a translation, or have one that does not fit any more; fails when there are some. */
import { join } from 'node:path';
import { translationProblems } from './translations.ts';

const problems = translationProblems(join(import.meta.dirname, '../..'));
for (const problem of problems) console.log(problem);
console.log(problems.length === 0 ? 'Every text is translated.' : `To mend: ${problems.length}.`);
process.exitCode = problems.length === 0 ? 0 : 1;
