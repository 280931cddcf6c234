/**
 * @file Amazon Reviews 2023 (McAuley-Lab/Amazon-Reviews-2023), one domain: `meta_DOMAIN.jsonl` and the reviews in
 * `DOMAIN.jsonl`, each also .gz. A review stands for a purchase; what a user bought next is to be found from what they bought
 * before.
 *
 * As in the paper: the data set's own points in time part training, validation and test; items without metadata count as
 * never bought; the corpus is the items that occur in some row; training is the first 100,000 rows; of validation and test at
 * most 1,000 rows are kept, all, or those of which no item (inductive) or every item (transductive) occurs in training.
 * Unlike there, the sample is drawn by a hash of the ids, and texts keep their accents.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, idField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines, type Row } from '../base/json-lines.ts';
import { rngFrom } from '../base/rng.ts';
import { sequenceExample, sequenceId } from './histories.ts';
import type { ExamplesWithNotes } from './judgments.ts';
import { plainText } from './plain-text.ts';
import { PurchaseLog, type PurchaseRow } from './purchases.ts';
import { emptySplits } from './split.ts';
import type { ReadDocument, TaskReader } from './task-reader.ts';
import { type Document, type Example, SPLITS, type Split } from './task.ts';

/** From these times on, in milliseconds, purchases are for validation and for test: the data set's benchmark split. */
const VALIDATION_FROM = 1_628_643_414_042;
const TEST_FROM = 1_658_002_729_837;

const MAX_HISTORY = 50;
const MAX_TRAIN_ROWS = 100_000;
const MAX_EVALUATION_ROWS = 1000;
const SAMPLE_SEED = 42;

export const REVIEW_SETTINGS = ['all', 'inductive', 'transductive'] as const;
export type ReviewSetting = (typeof REVIEW_SETTINGS)[number];

export interface ReviewOptions {
  /** Which rows validation and test are made of; all unless given. */
  readonly setting?: ReviewSetting;
  /** How many items a history has at least; 1 unless given. */
  readonly minHistory?: number;
}

interface Files {
  readonly metadata: string;
  readonly reviews: string;
}

/** Whether a folder holds metadata of a domain. */
export function isAmazonReviews(dir: string): boolean {
  return readdirSync(dir).some((name) => METADATA_NAME.test(name));
}

const METADATA_NAME = /^meta_(.+)\.jsonl(\.gz)?$/;

/** What is read before the documents. */
interface Purchases {
  readonly users: readonly string[];
  readonly items: readonly string[];
  readonly log: PurchaseLog;
  /** Whether an item has metadata. */
  readonly isKnown: (item: number) => boolean;
  /** Items of which some row consists. */
  readonly inRows: ReadonlySet<string>;
}

export class AmazonReviewsReader implements TaskReader {
  readonly repeated = 'leave out';
  readonly #files: Files;
  readonly #setting: ReviewSetting;
  readonly #minHistory: number;
  readonly #titles = new Map<string, string>();
  #purchases: Purchases | undefined;
  #itemsOutside = 0;

  constructor(dir: string, { setting = 'all', minHistory = 1 }: ReviewOptions = {}) {
    this.#files = filesOf(dir);
    this.#setting = setting;
    this.#minHistory = minHistory;
  }

  /** Reads the metadata twice: which items have any must be known before it is known which of them are needed. */
  async *documents(): AsyncGenerator<ReadDocument> {
    this.#purchases ??= await readPurchases(this.#files, this.#minHistory);
    this.#itemsOutside = 0;
    for await (const { value, where } of readJsonLines(this.#files.metadata)) {
      if (!this.#purchases.inRows.has(idField(value, 'parent_asin', where))) {
        this.#itemsOutside++;
        continue;
      }
      const document = documentOf(value, where);
      this.#titles.set(document.id, document.title || document.text);
      yield { document, where };
    }
  }

  examples(): Promise<ExamplesWithNotes> {
    if (!this.#purchases) throw new Error('Documents are read before examples.');
    const purchases = this.#purchases;
    const rows: Record<Split, PurchaseRow[]> = { train: [], validation: [], test: [] };
    for (const row of purchases.log.rows(purchases.isKnown, this.#minHistory, MAX_HISTORY)) {
      rows[splitAt(row.timeMillis)].push(row);
    }
    const train = rows.train.slice(0, MAX_TRAIN_ROWS);
    const trained = new Set(train.flatMap(itemsOf));
    const evaluation = (split: Split): PurchaseRow[] =>
      sample(rows[split].filter((row) => fits(row, this.#setting, trained)), purchases.users); // prettier-ignore
    const kept = { train, validation: evaluation('validation'), test: evaluation('test') };
    const examples = emptySplits();
    for (const split of SPLITS) examples[split] = kept[split].map((row) => exampleOf(row, purchases, this.#titles));
    const notes = SPLITS.flatMap((split) => shortfall(split, kept[split].length, rows[split].length, this.#setting));
    if (this.#itemsOutside > 0) notes.push(`Items left out because they are in no history: ${this.#itemsOutside}.`);
    return Promise.resolve({ examples, notes });
  }
}

function filesOf(dir: string): Files {
  const names = readdirSync(dir);
  const domains = names.flatMap((name) => METADATA_NAME.exec(name)?.[1] ?? []);
  if (domains.length !== 1) {
    throw new UserError(
      `${dir} must hold one meta_DOMAIN.jsonl, and holds ${domains.length}; use a folder per domain.`,
    );
  }
  const [domain] = domains;
  const find = (start: string): string | undefined =>
    [`${start}.jsonl`, `${start}.jsonl.gz`].find((name) => names.includes(name));
  const [metadata = '', reviews] = [find(`meta_${domain}`), find(domain)];
  if (reviews === undefined) throw new UserError(`${dir} has ${metadata} but no reviews; put ${domain}.jsonl there.`);
  return { metadata: join(dir, metadata), reviews: join(dir, reviews) };
}

async function readPurchases({ metadata, reviews }: Files, minHistory: number): Promise<Purchases> {
  const [users, items] = [new Map<string, number>(), new Map<string, number>()];
  for await (const { value, where } of readJsonLines(metadata)) numberOf(idField(value, 'parent_asin', where), items);
  const withMetadata = items.size;
  const log = new PurchaseLog();
  for await (const { value, where } of readJsonLines(reviews)) {
    const user = numberOf(idField(value, 'user_id', where), users);
    log.add(user, numberOf(idField(value, 'parent_asin', where), items), timeOf(value, where));
  }
  const itemIds = [...items.keys()];
  const isKnown = (item: number): boolean => item < withMetadata;
  const inRows = new Set<string>();
  for (const row of log.rows(isKnown, minHistory, MAX_HISTORY))
    for (const item of itemsOf(row)) inRows.add(itemIds[item]);
  return { users: [...users.keys()], items: itemIds, log, isKnown, inRows };
}

/** The number of an id, in the order of first appearance. */
function numberOf(id: string, numbers: Map<string, number>): number {
  const known = numbers.get(id);
  if (known !== undefined) return known;
  numbers.set(id, numbers.size);
  return numbers.size - 1;
}

/** In milliseconds; older copies of the data call it `sort_timestamp`. */
function timeOf(row: Row['value'], where: string): number {
  const time = row['timestamp'] ?? row['sort_timestamp'];
  if (typeof time === 'number' && Number.isFinite(time)) return time;
  throw new UserError(`${where}: "timestamp" must be a number of milliseconds, got ${describe(time)}.`);
}

function splitAt(timeMillis: number): Split {
  if (timeMillis >= TEST_FROM) return 'test';
  return timeMillis >= VALIDATION_FROM ? 'validation' : 'train';
}

function itemsOf({ history, target }: PurchaseRow): number[] {
  return [...history, target];
}

function fits(row: PurchaseRow, setting: ReviewSetting, trained: ReadonlySet<number>): boolean {
  if (setting === 'all') return true;
  return itemsOf(row).every((item) => trained.has(item) === (setting === 'transductive'));
}

/** At most so many rows, drawn by their ids, in their order. */
function sample(rows: readonly PurchaseRow[], users: readonly string[]): PurchaseRow[] {
  const drawn = rows
    .map((row) => ({ row, lot: rngFrom(SAMPLE_SEED, 'sample', sequenceId(users[row.user], row.use)).next() }))
    .sort((a, b) => a.lot - b.lot)
    .slice(0, MAX_EVALUATION_ROWS);
  const chosen = new Set(drawn.map(({ row }) => row));
  return rows.filter((row) => chosen.has(row));
}

function exampleOf({ user, use, history, target }: PurchaseRow, purchases: Purchases, titles: Titles): Example {
  const { users, items } = purchases;
  const sequence = {
    id: sequenceId(users[user], use),
    history: history.map((item) => items[item]),
    target: items[target],
  };
  return sequenceExample(sequence, titles);
}

type Titles = ReadonlyMap<string, string>;

function shortfall(split: Split, kept: number, all: number, setting: ReviewSetting): string[] {
  if (kept === all) return [];
  if (split === 'train') return [`Of ${all} train rows the first ${kept} are used, as in the paper.`];
  const which = setting === 'all' ? '' : ` ${setting}`;
  return [`Of ${all} ${split} rows ${kept}${which} are used: at most ${MAX_EVALUATION_ROWS}, as in the paper.`];
}

function documentOf(row: Row['value'], where: string): Document {
  const texts = ['features', 'categories', 'description'].map((key) => plainText(joined(row[key], key, where)));
  return {
    id: idField(row, 'parent_asin', where),
    title: plainText(joined(row['title'], 'title', where)),
    text: texts.filter((text) => text !== '').join('\n'),
  };
}

/** A text, or texts in a list with commas between them; nothing where there is none. */
function joined(value: unknown, key: string, where: string): string {
  if (value === undefined || value === null) return '';
  const parts: readonly unknown[] = Array.isArray(value) ? value : [value];
  return parts
    .map((part) => {
      if (typeof part === 'string') return part;
      throw new UserError(`${where}: "${key}" must be text or a list of texts, got ${describe(value)}.`);
    })
    .join(', ');
}
