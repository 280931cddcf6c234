/**
 * @file TREC collections: `documents*` (files or a folder of SGML with <DOC>, also .gz), `topics*` (<top> blocks, or lines of
 * id, tab, text) and `qrels*` (lines of query, iteration, document, grade). A `train`, `dev` or `test` in the name of a qrels
 * file is its split.
 */
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { type Line, readLines } from '../base/json-lines.ts';
import { type ExamplesWithNotes, type Judgment, type Query, judgedExamples, splitInName } from './judgments.ts';
import type { Document } from './task.ts';

/** Whether a folder holds this layout. */
export function isTrec(dir: string): boolean {
  const names = readdirSync(dir);
  return ['documents', 'topics', 'qrels'].every((start) => names.some((name) => name.startsWith(start)));
}

/** All documents, in the order of the files' names. */
export async function readTrecDocuments(dir: string): Promise<Document[]> {
  const documents = new Map<string, Document>();
  for (const file of filesStarting(dir, 'documents')) {
    for await (const { text, where } of blocks(file, 'DOC')) {
      const document = parseDocument(text, where);
      if (documents.has(document.id))
        throw new UserError(`${where}: document id "${document.id}" was already used; ids must be unique.`);
      documents.set(document.id, document);
    }
  }
  if (documents.size === 0) throw new UserError(`${dir} holds no <DOC> in its documents; a corpus needs at least one.`);
  return [...documents.values()];
}

/** The judged topics; their titles are the queries. */
export async function readTrec(dir: string, documents: readonly Document[]): Promise<ExamplesWithNotes> {
  const queries = new Map<string, Query>();
  for (const file of filesStarting(dir, 'topics')) {
    for await (const query of readTopics(file)) queries.set(query.id, query);
  }
  return judgedExamples(queries, documents, readQrels(filesStarting(dir, 'qrels')), { dir });
}

/** Files whose name begins so, and those in folders whose name does, sorted. */
function filesStarting(dir: string, start: string): string[] {
  const names = readdirSync(dir).filter((name) => name.startsWith(start)).sort(); // prettier-ignore
  return names.flatMap((name) => {
    const path = join(dir, name);
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path).sort().map((inner) => join(path, inner)); // prettier-ignore
  });
}

/** What stands between `<TAG>` and `</TAG>`, each at the beginning of a line; `where` is the line of the first. */
async function* blocks(file: string, tag: string): AsyncGenerator<Line> {
  let open: { readonly where: string; readonly lines: string[] } | undefined;
  for await (const { text, where } of readLines(file)) {
    const line = text.trim().toUpperCase();
    if (line.startsWith(`<${tag}>`)) open = { where, lines: [] };
    open?.lines.push(text);
    if (open && line.endsWith(`</${tag}>`)) {
      yield { text: open.lines.join('\n'), where: open.where };
      open = undefined;
    }
  }
  if (open) throw new UserError(`${open.where}: <${tag}> is not closed; the file is cut short.`);
}

function parseDocument(block: string, where: string): Document {
  const id = element(block, ['DOCNO'])?.trim();
  if (!id) throw new UserError(`${where}: the document has no <DOCNO>.`);
  const title = plain(element(block, ['TITLE', 'HEADLINE', 'TI']) ?? '');
  return { id, title, text: plain(element(block, ['TEXT', 'BODY']) ?? '') };
}

/** The content of the first of these elements that occurs. */
function element(block: string, names: readonly string[]): string | undefined {
  for (const name of names) {
    const content = new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'i').exec(block)?.[1];
    if (content !== undefined) return content;
  }
  return undefined;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Without tags, entities and line breaks. */
function plain(sgml: string): string {
  return sgml
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name])
    .replace(/\s+/g, ' ')
    .trim();
}

async function* readTopics(file: string): AsyncGenerator<Query> {
  let found = false;
  for await (const { text, where } of blocks(file, 'TOP')) {
    found = true;
    yield parseTopic(text, where);
  }
  if (found) return;
  for await (const { text, where } of readLines(file)) {
    const [id, query] = text.split('\t');
    if (!id || !query)
      throw new UserError(`${where}: expected a <top> block or a line of id, tab and text, got ${describe(text)}.`);
    yield { id: id.trim(), query: query.trim() };
  }
}

/** `<num> Number: 301 <title> …`: old topics do not close their elements. */
function parseTopic(block: string, where: string): Query {
  const field = (name: string): string | undefined => new RegExp(`<${name}>([^<]*)`, 'i').exec(block)?.[1]?.trim();
  const id = field('num')?.replace(/^Number:\s*/i, '');
  const query = field('title')?.replace(/^Topic:\s*/i, '');
  if (!id || !query) throw new UserError(`${where}: the topic needs <num> and <title>.`);
  return { id, query: plain(query) };
}

async function* readQrels(files: readonly string[]): AsyncGenerator<Judgment> {
  for (const file of files) {
    const split = splitInName(basename(file));
    for await (const { text, where } of readLines(file)) {
      const [query, , document, gradeText] = text.trim().split(/\s+/);
      const grade = Number(gradeText);
      if (Number.isNaN(grade)) {
        throw new UserError(`${where}: expected query, iteration, document and grade, got ${describe(text)}.`);
      }
      yield { query, document, grade, where, ...(split && { split }) };
    }
  }
}
