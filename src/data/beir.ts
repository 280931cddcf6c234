/**
 * @file The BEIR layout: `queries.jsonl` (`_id`, `text`, and `history` in tasks made of sequences) and judgments in
 * `qrels/{train,validation,test}.tsv` (`dev` and `val` are read as validation) or in one `qrels.tsv`. A `prompt.json` beside
 * them is the task's own prompt.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, idField, idListField, stringField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines } from '../base/json-lines.ts';
import { readLineBlocks } from '../base/lines.ts';
import { corpusFile, readDocuments } from './corpus.ts';
import { type Query, type TakeJudgment, judgedExamples } from './judgments.ts';
import { customPrompt, readPromptTemplate } from './prompt-template.ts';
import type { TaskReader } from './task-reader.ts';
import { type PromptTemplate, type Split, SPLITS } from './task.ts';

/** Whether a folder holds this layout. */
export function isBeir(dir: string): boolean {
  return existsSync(join(dir, 'queries.jsonl'));
}

export function beirReader(dir: string): TaskReader {
  return {
    documents: () => readDocuments(corpusFile(dir)),
    async examples(corpus) {
      const queries = await readQueries(join(dir, 'queries.jsonl'), await readPromptTemplate(dir));
      const files = judgmentFiles(dir);
      const hasValidation = files.some(({ split }) => split === 'validation');
      return judgedExamples(queries, corpus, (take) => readJudgments(files, take), { dir, hasValidation });
    },
  };
}

async function readQueries(path: string, template: PromptTemplate | undefined): Promise<Map<string, Query>> {
  const queries = new Map<string, Query>();
  for await (const { value: row, where } of readJsonLines(path)) {
    const id = idField(row, '_id', where);
    if (queries.has(id)) throw new UserError(`${where}: query id "${id}" was already used; ids must be unique.`);
    const query = stringField(row, 'text', where);
    const history = row['history'] === undefined ? undefined : idListField(row, 'history', where);
    const custom = template && customPrompt(template, row, where);
    queries.set(id, { id, query, ...(history && { history }), ...(custom && { custom }) });
  }
  return queries;
}

interface JudgmentFile {
  readonly file: string;
  readonly split?: Split;
}

/** Judgment files in the order of the splits; one without a split is to be split here. */
function judgmentFiles(dir: string): JudgmentFile[] {
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

/** Rows of query, document and grade, tab-separated; the first line may be a header. */
async function readJudgments(files: readonly JudgmentFile[], take: TakeJudgment): Promise<void> {
  for (const { file, split } of files) {
    let first = true;
    for await (const lines of readLineBlocks(file)) {
      for (const { text, where } of lines) {
        const [query = '', document = '', gradeText = ''] = text.split('\t');
        const grade = Number(gradeText.trim() || NaN);
        const header = first && Number.isNaN(grade);
        first = false;
        if (header) continue;
        if (Number.isNaN(grade)) {
          throw new UserError(`${where}: expected query, document and grade separated by tabs, got ${describe(text)}.`);
        }
        take({ query, document, grade, where, ...(split && { split }) });
      }
    }
  }
}
