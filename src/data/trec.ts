/**
 * @file TREC collections: `documents*` (files or a folder of SGML with <DOC>, also .gz), `topics*` (<top> blocks, or lines of
 * id, tab, text) and `qrels*` (lines of query, iteration, document, grade). A `train`, `dev` or `test` in the name of a qrels
 * file is its split.
 */
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { type Line, readLineBlocks, readLines } from '../base/lines.ts';
import { type Query, type TakeJudgment, judgedExamples, splitInName } from './judgments.ts';
import { plainText } from './plain-text.ts';
import type { ReadDocument, TaskReader } from './task-reader.ts';
import type { Document } from './task.ts';

/** Whether a folder holds this layout. */
export function isTrec(dir: string): boolean {
  const names = readdirSync(dir);
  return ['documents', 'topics', 'qrels'].every((start) => names.some((name) => name.startsWith(start)));
}

/** Documents come in the order of the files' names; the titles of the judged topics are the queries. */
export function trecReader(dir: string): TaskReader {
  return {
    documents: () => readDocuments(dir),
    async examples(corpus) {
      const queries = await readQueries(dir);
      return judgedExamples(queries, corpus, (take) => readQrels(filesStarting(dir, 'qrels'), take), { dir });
    },
  };
}

async function* readDocuments(dir: string): AsyncGenerator<ReadDocument> {
  for (const file of filesStarting(dir, 'documents')) {
    for await (const { text, where } of blocks(file, 'DOC')) yield { document: parseDocument(text, where), where };
  }
}

async function readQueries(dir: string): Promise<Map<string, Query>> {
  const queries = new Map<string, Query>();
  for (const file of filesStarting(dir, 'topics')) {
    for await (const { query, where } of readTopics(file)) {
      if (queries.has(query.id)) {
        throw new UserError(`${where}: topic "${query.id}" was already given; numbers must be unique.`);
      }
      queries.set(query.id, query);
    }
  }
  return queries;
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
    if (line.startsWith(`<${tag}>`)) {
      if (open) throw new UserError(`${open.where}: <${tag}> is not closed before the next one in ${where}.`);
      open = { where, lines: [] };
    }
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
  const title = plainText(element(block, ['TITLE', 'HEADLINE', 'TI']) ?? '');
  return { id, title, text: plainText(element(block, ['TEXT', 'BODY']) ?? '') };
}

/** The content of the first of these elements that occurs. */
function element(block: string, names: readonly string[]): string | undefined {
  for (const name of names) {
    const content = new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'i').exec(block)?.[1];
    if (content !== undefined) return content;
  }
  return undefined;
}

interface ReadTopic {
  readonly query: Query;
  readonly where: string;
}

async function* readTopics(file: string): AsyncGenerator<ReadTopic> {
  let found = false;
  for await (const { text, where } of blocks(file, 'TOP')) {
    found = true;
    yield { query: parseTopic(text, where), where };
  }
  if (found) return;
  for await (const { text, where } of readLines(file)) {
    const [id, query] = text.split('\t');
    if (!id || !query)
      throw new UserError(`${where}: expected a <top> block or a line of id, tab and text, got ${describe(text)}.`);
    yield { query: { id: id.trim(), query: query.trim() }, where };
  }
}

/** `<num> Number: 301 <title> …`: old topics do not close their elements. */
function parseTopic(block: string, where: string): Query {
  const field = (name: string): string | undefined => new RegExp(`<${name}>([^<]*)`, 'i').exec(block)?.[1]?.trim();
  const id = field('num')?.replace(/^Number:\s*/i, '');
  const query = field('title')?.replace(/^Topic:\s*/i, '');
  if (!id || !query) throw new UserError(`${where}: the topic needs <num> and <title>.`);
  return { id, query: plainText(query) };
}

async function readQrels(files: readonly string[], take: TakeJudgment): Promise<void> {
  for (const file of files) {
    const split = splitInName(basename(file));
    for await (const lines of readLineBlocks(file)) {
      for (const { text, where } of lines) {
        const [query, , document, gradeText] = text.trim().split(/\s+/);
        const grade = Number(gradeText);
        if (Number.isNaN(grade)) {
          throw new UserError(`${where}: expected query, iteration, document and grade, got ${describe(text)}.`);
        }
        take({ query, document, grade, where, ...(split && { split }) });
      }
    }
  }
}
