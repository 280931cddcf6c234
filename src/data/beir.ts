/**
 * @file The BEIR layout: `queries.jsonl` (`_id`, `text`, and `history` in tasks made of sequences) and judgments in
 * `qrels/{train,validation,test}.tsv` (`dev` and `val` are read as validation) or in one `qrels.tsv`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, idField, idListField, stringField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines, readLines } from '../base/json-lines.ts';
import { type Splits, emptySplits, shareOf } from './split.ts';
import { type Document, type Example, type Split, SPLITS } from './task.ts';

interface Query {
  readonly id: string;
  readonly query: string;
  readonly history?: readonly string[];
}

type Grades = Map<string, number>;

export interface ExamplesWithNotes {
  readonly examples: Splits;
  readonly notes: readonly string[];
}

/** Whether a folder holds this layout. */
export function isBeir(dir: string): boolean {
  return existsSync(join(dir, 'queries.jsonl'));
}

/** The judged queries of a folder, by split. */
export async function readBeir(dir: string, documents: readonly Document[]): Promise<ExamplesWithNotes> {
  const queries = await readQueries(join(dir, 'queries.jsonl'));
  const files = judgmentFiles(dir);
  const known = { queries, documents: new Set(documents.map(({ id }) => id)) };
  const notes: string[] = [];
  const examples = emptySplits();
  const splitOf = new Map<string, string>();
  for (const { file, split } of files) {
    const grades = await readJudgments(file, known);
    for (const query of queries.values()) {
      const relevant = grades.get(query.id);
      if (!relevant || relevant.size === 0) continue;
      const before = splitOf.get(query.id);
      if (before !== undefined) {
        throw new UserError(`Query "${query.id}" is judged in ${before} and in ${file}; a query belongs to one split.`);
      }
      splitOf.set(query.id, file);
      examples[split ?? splitByShare(query.id)].push({ ...query, relevant });
    }
  }
  if (splitOf.size === 0) throw new UserError(`${dir} has no query with a relevant document; check its judgments.`);
  if (files.some(({ split }) => split === undefined)) {
    notes.push('Queries were split by a hash of their ids: about 60 % train, 20 % validation, 20 % test.');
  } else if (!files.some(({ split }) => split === 'validation')) {
    notes.push(...fillValidation(examples));
  }
  const unjudged = queries.size - splitOf.size;
  if (unjudged > 0) notes.push(`${unjudged} of ${queries.size} queries have no relevant document and were left out.`);
  return { examples, notes };
}

async function readQueries(path: string): Promise<Map<string, Query>> {
  const queries = new Map<string, Query>();
  for await (const { value: row, where } of readJsonLines(path)) {
    const id = idField(row, '_id', where);
    if (queries.has(id)) throw new UserError(`${where}: query id "${id}" was already used; ids must be unique.`);
    const query = stringField(row, 'text', where);
    const history = row['history'] === undefined ? undefined : idListField(row, 'history', where);
    queries.set(id, { id, query, ...(history && { history }) });
  }
  return queries;
}

/** Judgment files in the order of the splits; one without a split is to be split here. */
function judgmentFiles(dir: string): { file: string; split?: Split }[] {
  const names: Record<Split, readonly string[]> = {
    train: ['train'],
    validation: ['validation', 'dev', 'val'],
    test: ['test'],
  };
  const found = SPLITS.flatMap((split) =>
    names[split]
      .map((name) => join(dir, 'qrels', `${name}.tsv`))
      .filter((file) => existsSync(file))
      .slice(0, 1)
      .map((file) => ({ file, split })),
  );
  if (found.length > 0) return found;
  const single = join(dir, 'qrels.tsv');
  if (existsSync(single)) return [{ file: single }];
  throw new UserError(
    `${dir} has no judgments; put them in qrels.tsv or in qrels/train.tsv, validation.tsv and test.tsv.`,
  );
}

/** Rows of query, document and grade, tab-separated; the first line may be a header. Grades of 0 and below are dropped. */
async function readJudgments(
  file: string,
  known: { readonly queries: ReadonlyMap<string, Query>; readonly documents: ReadonlySet<string> },
): Promise<Map<string, Grades>> {
  const judgments = new Map<string, Grades>();
  let first = true;
  for await (const { text, where } of readLines(file)) {
    const [query = '', document = '', gradeText = ''] = text.split('\t');
    const grade = Number(gradeText.trim() || NaN);
    const header = first && Number.isNaN(grade);
    first = false;
    if (header) continue;
    if (Number.isNaN(grade)) {
      throw new UserError(`${where}: expected query, document and grade separated by tabs, got ${describe(text)}.`);
    }
    if (!known.queries.has(query)) {
      throw new UserError(`${where}: the judged query "${query}" is not in queries.jsonl; add it or drop the line.`);
    }
    if (!known.documents.has(document)) {
      throw new UserError(`${where}: the judged document "${document}" is not in the corpus; add it or drop the line.`);
    }
    if (grade <= 0) continue;
    const grades: Grades = judgments.get(query) ?? new Map<string, number>();
    judgments.set(query, grades.set(document, grade));
  }
  return judgments;
}

function splitByShare(id: string): Split {
  const share = shareOf(id);
  if (share < 0.6) return 'train';
  return share < 0.8 ? 'validation' : 'test';
}

/** Training needs something to choose checkpoints by, and that must never be the test queries. */
function fillValidation(examples: Splits): string[] {
  if (examples.train.length === 0) return ['There are no training judgments: this task can only be evaluated.'];
  const isForTraining = ({ id }: Example): boolean => shareOf(id) < 0.8;
  examples.validation = examples.train.filter((example) => !isForTraining(example));
  examples.train = examples.train.filter(isForTraining);
  return ['There is no validation file: about 20 % of the training queries, by a hash of their ids, are validation.'];
}
