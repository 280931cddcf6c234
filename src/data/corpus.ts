/** @file Reads a corpus: `corpus.jsonl` or `corpus.jsonl.gz`, rows of `_id`, `title`, `text`. */
import { idField, stringField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines } from '../base/json-lines.ts';
import type { Document } from './task.ts';

/** All documents of a file in its order. Ids are unique; title or text may be missing, not both. */
export async function readCorpus(path: string): Promise<Document[]> {
  const documents: Document[] = [];
  const lines = new Map<string, string>();
  for await (const { value: row, where } of readJsonLines(path)) {
    const document = readDocument(row, where);
    const before = lines.get(document.id);
    if (before !== undefined) {
      throw new UserError(`${where}: document id "${document.id}" was already used in ${before}; ids must be unique.`);
    }
    lines.set(document.id, where);
    documents.push(document);
  }
  if (documents.length === 0) throw new UserError(`${path} holds no document; a corpus needs at least one.`);
  return documents;
}

function readDocument(row: Readonly<Record<string, unknown>>, where: string): Document {
  const id = idField(row, '_id', where);
  if (row['title'] === undefined && row['text'] === undefined) {
    throw new UserError(`${where}: document "${id}" has neither "title" nor "text"; give it one of them.`);
  }
  return { id, title: stringField(row, 'title', where, ''), text: stringField(row, 'text', where, '') };
}
