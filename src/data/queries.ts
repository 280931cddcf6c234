/**
 * @file Queries that bring their relevant documents along: `corpus.jsonl` and `queries/*.jsonl` with rows of `_id`, `text` and
 * `relevant` (ids). A `train`, `val` or `test` in a file's name is its split; where some files have one, the others are tests.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { idField, idListField, stringField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines } from '../base/json-lines.ts';
import { corpusFile, readDocuments } from './corpus.ts';
import { type TakeJudgment, judgedExamples, type Query, splitInName } from './judgments.ts';
import type { TaskReader } from './task-reader.ts';
import type { Split } from './task.ts';

/** A query and its relevant documents. */
export interface TargetedQuery extends Query {
  readonly relevant: readonly string[];
  readonly split: Split | undefined;
  readonly where: string;
}

/** Whether a folder holds this layout. */
export function isQueries(dir: string): boolean {
  return existsSync(join(dir, 'queries'));
}

export function queriesReader(dir: string): TaskReader {
  return {
    documents: () => readDocuments(corpusFile(dir)),
    async examples(corpus) {
      const rows = await readTargetedQueries(dir);
      const queries = new Map(rows.map(({ id, query }) => [id, { id, query }]));
      return judgedExamples(
        queries,
        corpus,
        (take) => {
          takeJudgments(rows, take);
        },
        { dir, absent: 'leave out' },
      );
    },
  };
}

/** All queries of the folder `queries`. Of several files each numbers its own: the file's name is put before the id. */
export async function readTargetedQueries(dir: string): Promise<TargetedQuery[]> {
  const folder = join(dir, 'queries');
  const names = readdirSync(folder).filter((name) => /\.jsonl(\.gz)?$/.test(name)).sort(); // prettier-ignore
  if (names.length === 0) throw new UserError(`${folder} holds no .jsonl file; put queries and their targets there.`);
  const bySplit = names.some((name) => splitInName(name) !== undefined);
  const found = new Map<string, TargetedQuery>();
  for (const name of names) {
    const prefix = names.length > 1 ? `${name.replace(/\.jsonl(\.gz)?$/, '')}/` : '';
    const split = splitInName(name) ?? (bySplit ? 'test' : undefined);
    for await (const { value: row, where } of readJsonLines(join(folder, name))) {
      const id = prefix + idField(row, '_id', where);
      if (found.has(id)) throw new UserError(`${where}: query id "${id}" was already used; ids must be unique.`);
      const relevant = idListField(row, 'relevant', where);
      found.set(id, { id, query: stringField(row, 'text', where), relevant, split, where });
    }
  }
  return [...found.values()];
}

function takeJudgments(queries: readonly TargetedQuery[], take: TakeJudgment): void {
  for (const { id, relevant, split, where } of queries) {
    for (const document of relevant) take({ query: id, document, grade: 1, where, ...(split && { split }) });
  }
}
