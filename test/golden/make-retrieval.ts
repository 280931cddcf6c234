/**
 * @file Writes retrieval.json, syntax.json and analysis.json: what Lucene ranks, what its classic query syntax ranks, and
 * which terms it makes, from the Anserini jar inside Pyserini. Needs Java and the jar:
 *
 *     pip download --no-deps pyserini==0.24.0 && unzip pyserini-0.24.0-*.whl 'pyserini/resources/jars/*'
 *     node test/golden/make-retrieval.ts pyserini/resources/jars/anserini-0.24.0-fatjar.jar ../shared/data DIR
 *
 * DIR is a scratch folder; its indexes are used again by the benchmark (test/bench).
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { documentText } from '../../src/data/document-text.ts';
import { characterTexts, stemmerTexts } from './analysis-texts.ts';
import {
  GOLDEN_SETS,
  type GoldenAnswer,
  LIMIT,
  type SyntaxAnswer,
  goldenDocuments,
  syntaxLine,
} from './retrieval-sets.ts';

const [jar, sharedData, dir] = process.argv.slice(2);
if (!dir) throw new Error('usage: node test/golden/make-retrieval.ts ANSERINI_JAR SHARED_DATA SCRATCH_DIR');

for (const set of GOLDEN_SETS) {
  const corpus = join(dir, set.name, 'corpus');
  mkdirSync(corpus, { recursive: true });
  const documents = goldenDocuments(set, sharedData).map((document) =>
    JSON.stringify({ id: document.id, contents: documentText(document) }),
  );
  writeFileSync(join(corpus, 'corpus.jsonl'), documents.map((line) => `${line}\n`).join(''));
  const request = {
    ...set.params,
    k: LIMIT,
    lists: 2,
    queries: set.queries(sharedData),
    syntax: set.syntax?.(sharedData),
  };
  writeFileSync(join(dir, set.name, 'set.json'), JSON.stringify(request));
}

writeFileSync(join(dir, 'texts.json'), JSON.stringify([...characterTexts(), ...stemmerTexts()]));

const program = join(import.meta.dirname, 'LuceneGolden.java');
execFileSync('java', ['-Dfile.encoding=UTF-8', '-cp', resolve(jar), program, resolve(dir)], { stdio: 'inherit' });

const golden = GOLDEN_SETS.map(({ name }) => {
  const answers = JSON.parse(readFileSync(join(dir, name, 'golden.json'), 'utf8')) as GoldenAnswer[];
  const lines = answers.map((answer) => `    ${JSON.stringify(answer)}`);
  return `  ${JSON.stringify(name)}: [\n${lines.join(',\n')}\n  ]`;
});
writeFileSync(join(import.meta.dirname, 'retrieval.json'), `{\n${golden.join(',\n')}\n}\n`);

const syntax = GOLDEN_SETS.flatMap(({ name }) => {
  const answers = JSON.parse(readFileSync(join(dir, name, 'syntax.json'), 'utf8')) as readonly SyntaxAnswer[];
  return answers.length === 0 ? [] : [[name, answers.map(syntaxLine)] as const];
});
writeFileSync(
  join(import.meta.dirname, 'syntax.json'),
  `${JSON.stringify(Object.fromEntries(syntax), undefined, 1)}\n`,
);
writeFileSync(join(import.meta.dirname, 'analysis.json'), readFileSync(join(dir, 'terms.json')));
