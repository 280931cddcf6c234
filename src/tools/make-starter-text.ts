/**
 * @file Writes text of the kind that the starter policy was pre-trained on and that it has never seen: new pairs from the same
 * sources, and the sample's validation and test queries, whose texts neither pre-training nor a run has read. For
 * `rec-r1 retention --text`: it says whether a training has made the starter forget its language.
 *
 *     npm run build && node dist/make-starter-text.mjs FILE
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../base/errors.ts';
import { packageRoot } from '../base/package-root.ts';
import { rngFrom } from '../base/rng.ts';
import { ANSWER_PREFIX } from '../data/answer.ts';
import { openTask } from '../data/open-task.ts';
import { promptMessages } from '../data/prompt.ts';
import { loadTokenizer } from '../model/tokenizer.ts';
import { randomPair, readSources } from './starter/examples.ts';

/** Another one than pre-training's. */
const SEED = 20260330;
/** As in pre-training, one text in eight is a query. */
const PAIRS = 350;
const QUERIES = 50;

const out = process.argv.at(2);
if (out === undefined) throw new UserError('Name the file to write, such as starter-text.jsonl.');
const starter = join(packageRoot(), 'media', 'starter');
const task = await openTask(join(packageRoot(), 'media', 'sample'));
const tokenizer = await loadTokenizer(starter, [], Infinity);
const { train, validation, test } = task.examples;
const sources = readSources(
  task.documents,
  train.map(({ query }) => query),
);
const rng = rngFrom(SEED, 'held-out text');
const promptOf = (query: string): string => tokenizer.renderChat(promptMessages({ query }, 'plain')) + ANSWER_PREFIX;
const rows = [
  ...Array.from({ length: PAIRS }, () => {
    const { query, completion } = randomPair(sources, rng);
    return { context: promptOf(query), text: `${completion}<|im_end|>` };
  }),
  ...[...validation, ...test]
    .slice(0, QUERIES)
    .map(({ query }) => ({ context: promptOf(query).split(query)[0], text: query })),
];
await writeFile(out, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
console.log(`wrote ${rows.length} texts to ${out}`);
