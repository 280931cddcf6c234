/** @file The documents of a corpus: `corpus.jsonl` or `corpus.jsonl.gz`, rows of `_id`, `title`, `text`, and a `category` where there is one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { idField, stringField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines, type Row } from '../base/json-lines.ts';
import type { Document } from './task.ts';
import { type ReadDocument, takeDocuments } from './task-reader.ts';

/** The corpus file of a folder. */
export function corpusFile(dir: string): string {
  const files = ['corpus.jsonl', 'corpus.jsonl.gz'].map((name) => join(dir, name));
  const found = files.find((file) => existsSync(file));
  if (!found) throw new UserError(`${dir} has no corpus.jsonl (or corpus.jsonl.gz); put the documents there.`);
  return found;
}

/** The documents of a file as they come; title or text may be missing, not both. Whether ids repeat is not looked at. */
export async function* readDocuments(file: string): AsyncGenerator<ReadDocument> {
  for await (const { value, where } of readJsonLines(file)) yield { document: documentOf(value, where), where };
}

/** All documents of a file, in its order, with unique ids. */
export async function readCorpus(file: string): Promise<Document[]> {
  const documents: Document[] = [];
  await takeDocuments({ documents: () => readDocuments(file) }, file, (document) => {
    documents.push(document);
    return undefined;
  });
  return documents;
}

function documentOf(row: Row['value'], where: string): Document {
  const id = idField(row, '_id', where);
  if (row['title'] === undefined && row['text'] === undefined) {
    throw new UserError(`${where}: document "${id}" has neither "title" nor "text"; give it one of them.`);
  }
  const { category } = row; // other data sets have lists of them, or numbers
  return {
    id,
    title: stringField(row, 'title', where, ''),
    text: stringField(row, 'text', where, ''),
    ...(typeof category === 'string' && { category }),
  };
}
