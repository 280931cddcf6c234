/**
 * @file `node src/tools/make-sample.ts`: writes the sample task to media/sample and prints what is true of it. Ends with
 * status 1, and writes nothing, where the sample would be too easy, too hard, or nothing new at test time.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, UserError } from '../base/errors.ts';
import { figuresTable, type SampleFigures } from './sample/figures.ts';
import { makeSampleFiles } from './sample/files.ts';

/** What the loop needs of the sample: room above the raw query, an end that can be reached, and something new to test. */
function checkFigures({ ndcg, newPairShare }: SampleFigures): void {
  const raw = ndcg['raw query'].test;
  if (raw < 0.25 || raw > 0.4)
    throw new UserError(`Test NDCG@10 of raw queries is ${raw}; it must lie in 0.25 to 0.40.`);
  if (ndcg.oracle.test < 0.9)
    throw new UserError(`Test NDCG@10 of the oracle is ${ndcg.oracle.test}; it must reach 0.9.`);
  if (newPairShare < 0.4)
    throw new UserError(`Only ${newPairShare} of the test queries have a new pair; 0.4 are needed.`);
}

function summary(figures: SampleFigures): string {
  const { queries } = figures;
  return [
    `${figures.products} products, ${figures.types} types, ${figures.categories} categories, ${figures.attributes} attributes, ${figures.distinctWords} distinct words`,
    `${queries.train} training, ${queries.validation} validation and ${queries.test} test queries, ${figures.attributesPerQuery.toFixed(2)} attributes each`,
    `${figures.newPairShare.toFixed(3)} of the test queries have a (type, attribute) pair that no training query has`,
    `${figures.newPhrasingShare.toFixed(3)} of the test queries use a phrase for the type that no training query has`,
    `${figures.risingShare.toFixed(3)} of the test queries with two attributes score higher with each attribute that a rewrite adds`,
    figuresTable(figures),
  ].join('\n');
}

function main(): void {
  const { figures, contents } = makeSampleFiles();
  console.log(summary(figures));
  checkFigures(figures);
  const folder = join(import.meta.dirname, '../../media/sample');
  for (const [path, content] of contents) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
    console.log(`media/sample/${path}: ${content.length} bytes`);
  }
}

try {
  main();
} catch (thrown) {
  if (!(thrown instanceof UserError)) throw thrown;
  console.error(messageOf(thrown));
  process.exitCode = 1;
}
