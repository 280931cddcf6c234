/**
 * @file Amazon-C4 (arXiv 2403.03952, McAuley-Lab/Amazon-C4): shoppers' requests in long sentences, each for one item of a pool
 * of a million. `sampled_item_metadata_1M.jsonl` holds the items, `test.csv` the requests; requests may also come as
 * `queries/*.jsonl` with `_id`, `text` and `relevant`.
 *
 * The set has one split. As in the paper, requests whose item is in one of four categories are for testing, and of the others
 * the last thousand are for validation: what is learned is tested on categories that it never saw.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { idField, stringField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines } from '../base/json-lines.ts';
import type { ExamplesWithNotes } from './judgments.ts';
import { isQueries, readTargetedQueries } from './queries.ts';
import { findTable, readRows } from './rows.ts';
import { emptySplits } from './split.ts';
import type { ReadDocument, TaskReader } from './task-reader.ts';
import type { Example } from './task.ts';

/** The paper's test categories, as the items name them. */
const TEST_CATEGORIES: ReadonlySet<string> = new Set(['Games', 'Baby', 'Office', 'Sports']);

/** The paper's number of validation requests; of a smaller set it is a fifth. */
const VALIDATION_REQUESTS = 1000;

interface Request {
  readonly id: string;
  readonly query: string;
  readonly items: readonly string[];
}

/** Whether a folder holds the pool of items. */
export function isAmazonC4(dir: string): boolean {
  return existsSync(dir) && poolFiles(dir).length > 0;
}

function poolFiles(dir: string): string[] {
  return readdirSync(dir).filter((name) => /^sampled_item_metadata.*\.jsonl(\.gz)?$/.test(name));
}

export class AmazonC4Reader implements TaskReader {
  readonly repeated = 'leave out';
  readonly #dir: string;
  /** The category of each requested item, noted as the items pass by. */
  readonly #categories = new Map<string, string>();
  #requests: readonly Request[] | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async *documents(): AsyncGenerator<ReadDocument> {
    this.#requests ??= await readRequests(this.#dir);
    const requested = new Set(this.#requests.flatMap(({ items }) => items));
    const [file] = poolFiles(this.#dir);
    for await (const { value: row, where } of readJsonLines(join(this.#dir, file))) {
      const id = idField(row, 'item_id', where);
      if (requested.has(id)) this.#categories.set(id, stringField(row, 'category', where));
      yield { document: { id, title: '', text: stringField(row, 'metadata', where) }, where };
    }
  }

  examples(): Promise<ExamplesWithNotes> {
    const examples = emptySplits();
    const others: Example[] = [];
    const requests = this.#requests ?? [];
    for (const { id, query, items } of requests) {
      const known = items.filter((item) => this.#categories.has(item));
      if (known.length === 0) continue;
      const isTest = TEST_CATEGORIES.has(this.#categories.get(known[0]) ?? '');
      (isTest ? examples.test : others).push({ id, query, relevant: new Map(known.map((item) => [item, 1])) });
    }
    const used = examples.test.length + others.length;
    const validation = Math.min(VALIDATION_REQUESTS, Math.floor(others.length / 5));
    examples.validation = others.splice(others.length - validation);
    examples.train = others;
    return Promise.resolve({ examples, notes: notes(requests.length, used, validation) });
  }
}

function notes(all: number, used: number, validation: number): string[] {
  const absent = all - used;
  return [
    `Requests for items of ${[...TEST_CATEGORIES].join(', ')} are for testing, of the others the last ${validation} for validation.`,
    ...(absent > 0 ? [`Requests left out because their item is not in the pool: ${absent} of ${all}.`] : []),
  ];
}

async function readRequests(dir: string): Promise<Request[]> {
  const file = findTable(dir, 'test');
  if (file === undefined && isQueries(dir)) {
    return (await readTargetedQueries(dir)).map(({ id, query, relevant }) => ({ id, query, items: relevant }));
  }
  if (file === undefined) throw new UserError(`${dir} has no requests; put test.csv or a folder queries there.`);
  const requests = new Map<string, Request>();
  for await (const { value: row, where } of readRows(file)) {
    const id = idField(row, 'qid', where);
    if (requests.has(id)) throw new UserError(`${where}: qid "${id}" was already used; ids must be unique.`);
    requests.set(id, { id, query: stringField(row, 'query', where), items: [idField(row, 'item_id', where)] });
  }
  return [...requests.values()];
}
