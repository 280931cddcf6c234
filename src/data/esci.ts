/**
 * @file The Shopping Queries Data Set (ESCI, arXiv 2206.06588, github amazon-science/esci-data): two parquet files, products
 * and judged pairs of query and product, in three locales.
 *
 * As in the paper, the small version of the judgments is read, of the locale us, and only Exact is relevant. Unlike there, the
 * corpus is every product of the locale, and its text is ESCI's own: description, bullet points, brand and colour.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, idField, stringField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import type { Row } from '../base/json-lines.ts';
import { type ExamplesWithNotes, type Query, type TakeJudgment, judgedExamples, splitNamed } from './judgments.ts';
import { readParquet } from './parquet.ts';
import { plainText } from './plain-text.ts';
import { Tally } from './tally.ts';
import type { ReadDocument, TaskReader } from './task-reader.ts';
import type { Document } from './task.ts';

const EXAMPLES_FILE = 'shopping_queries_dataset_examples.parquet';
const PRODUCTS_FILE = 'shopping_queries_dataset_products.parquet';

const TEXT_COLUMNS = ['product_description', 'product_bullet_point', 'product_brand', 'product_color'] as const;
const PRODUCT_COLUMNS = ['product_id', 'product_locale', 'product_title', ...TEXT_COLUMNS] as const;

/** The labels, by their letters and by the words of other copies of the data. */
const LABELS: ReadonlyMap<string, string> = new Map(
  ['Exact', 'Substitute', 'Complement', 'Irrelevant'].flatMap((word) => [
    [word, word[0]],
    [word[0], word[0]],
  ]),
);

export const ESCI_SIZES = ['small', 'large'] as const;

export interface EsciOptions {
  /** us, es or jp; us unless given. */
  readonly locale?: string;
  /** Label to grade, such as E to 3. Labels that are missing or 0 are not relevant; only E unless given. */
  readonly grades?: Readonly<Record<string, number>>;
  /** Which judgments: small, the harder queries alone, unless given. */
  readonly size?: (typeof ESCI_SIZES)[number];
}

/** Whether a folder holds one of the files. */
export function isEsci(dir: string): boolean {
  return [EXAMPLES_FILE, PRODUCTS_FILE].some((name) => existsSync(join(dir, name)));
}

export class EsciReader implements TaskReader {
  readonly repeated = 'leave out';
  readonly #dir: string;
  readonly #locale: string;
  readonly #size: (typeof ESCI_SIZES)[number];
  readonly #grades: ReadonlyMap<string, number>;
  #otherProducts = new Tally();

  constructor(dir: string, { locale = 'us', grades = { E: 1 }, size = 'small' }: EsciOptions = {}) {
    this.#dir = dir;
    this.#locale = locale;
    this.#size = size;
    this.#grades = new Map(Object.entries(grades).map(([label, grade]) => [letterOf(label, '--grades'), grade]));
  }

  async *documents(): AsyncGenerator<ReadDocument> {
    this.#otherProducts = new Tally();
    let found = false;
    for await (const { value, where } of readParquet(join(this.#dir, PRODUCTS_FILE), PRODUCT_COLUMNS)) {
      const locale = stringField(value, 'product_locale', where);
      if (locale === this.#locale) {
        found = true;
        yield { document: documentOf(value, where), where };
      } else this.#otherProducts.add(locale);
    }
    if (found) return;
    const others = this.#otherProducts.names().sort().join(', ');
    throw new UserError(`${this.#dir}: there is no product of the locale "${this.#locale}"; there are ${others}.`);
  }

  async examples(corpus: ReadonlySet<string>): Promise<ExamplesWithNotes> {
    const queries = new Map<string, Query>();
    const leftOut = new Tally();
    const { examples, notes } = await judgedExamples(
      queries,
      corpus,
      (take) => this.#readJudgments(queries, leftOut, take),
      { dir: this.#dir, absent: 'leave out' },
    );
    const products = this.#otherProducts;
    return {
      examples,
      notes: [
        ...(products.total > 0
          ? [`Products left out because they are of other locales: ${products.total} (${products.list()}).`]
          : []),
        ...(leftOut.total > 0 ? [`Judgments left out: ${leftOut.total} (${leftOut.list()}).`] : []),
        ...notes,
      ],
    };
  }

  /** Adds each query to `queries` before its first judgment is handed on. */
  async #readJudgments(queries: Map<string, Query>, leftOut: Tally, take: TakeJudgment): Promise<void> {
    const flag = `${this.#size}_version`;
    const columns = ['query_id', 'query', 'product_id', 'product_locale', 'esci_label', 'split', flag];
    for await (const { value: row, where } of readParquet(join(this.#dir, EXAMPLES_FILE), columns)) {
      const locale = stringField(row, 'product_locale', where);
      const letter = letterOf(stringField(row, 'esci_label', where), where);
      const grade = this.#grades.get(letter) ?? 0;
      const reason =
        locale !== this.#locale ? `locale ${locale}` : row[flag] !== 1 ? `not in the ${this.#size} version` : undefined;
      if (reason !== undefined) {
        leftOut.add(reason);
        continue;
      }
      const id = idField(row, 'query_id', where);
      queries.set(id, { id, query: stringField(row, 'query', where).trim() });
      if (grade <= 0) leftOut.add(`label ${letter}`);
      const split = splitNamed(stringField(row, 'split', where));
      take({ query: id, document: idField(row, 'product_id', where), grade, where, ...(split && { split }) });
    }
  }
}

function letterOf(label: string, where: string): string {
  const letter = LABELS.get(label);
  if (letter === undefined) throw new UserError(`${where}: ${describe(label)} is no label; they are E, S, C and I.`);
  return letter;
}

function documentOf(row: Row['value'], where: string): Document {
  const texts = TEXT_COLUMNS.map((column) => plainText(stringField(row, column, where, '')));
  return {
    id: idField(row, 'product_id', where),
    title: plainText(stringField(row, 'product_title', where, '')),
    text: texts.filter((text) => text !== '').join('\n'),
  };
}
