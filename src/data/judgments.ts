/** @file Queries and judgments to examples, for every format: who belongs to which split, and what is wrong with a row. */
import { UserError } from '../base/errors.ts';
import { type Splits, emptySplits, shareOf } from './split.ts';
import type { Example, Split } from './task.ts';

/** An example before it is judged. */
export type Query = Omit<Example, 'relevant'>;

export interface Judgment {
  /** The query's id. */
  readonly query: string;
  readonly document: string;
  /** 0 and below: not relevant. */
  readonly grade: number;
  /** Missing where the data set does not say. */
  readonly split?: Split;
  /** For messages. */
  readonly where: string;
}

/** Is handed each judgment as it is read: to wait for each takes longer than to read it, and there are many. */
export type TakeJudgment = (judgment: Judgment) => void;

export interface ExamplesWithNotes {
  readonly examples: Splits;
  readonly notes: readonly string[];
}

/** How file names and columns call the splits. */
const SPLIT_NAMES: Readonly<Record<string, Split>> = {
  train: 'train',
  training: 'train',
  validation: 'validation',
  val: 'validation',
  valid: 'validation',
  dev: 'validation',
  test: 'test',
};

/** The split that a word stands for. */
export function splitNamed(word: string): Split | undefined {
  const name = word.toLowerCase();
  return Object.hasOwn(SPLIT_NAMES, name) ? SPLIT_NAMES[name] : undefined;
}

/** The split that a file's name contains as a word, as `qrels.dev.txt` does. */
export function splitInName(name: string): Split | undefined {
  return name
    .split(/[^a-z]+/i)
    .map(splitNamed)
    .find((split) => split !== undefined);
}

export interface JudgmentOptions {
  /** For messages. */
  readonly dir: string;
  /** That there is no validation query is meant. */
  readonly hasValidation?: boolean;
  /** What is done about a judged document that is not in the corpus. */
  readonly absent?: 'error' | 'leave out';
}

/**
 * The queries with a relevant document, in the order of the queries.
 *
 * Without splits they are split by a hash of their ids. Where there is training but no validation, a part of it becomes
 * validation, unless `hasValidation` says that its emptiness is meant.
 *
 * @throws UserError for a judgment of an unknown query or document, a query in two splits, or no relevant document at all.
 */
export async function judgedExamples(
  queries: ReadonlyMap<string, Query>,
  corpus: ReadonlySet<string>,
  readJudgments: (take: TakeJudgment) => Promise<void> | void,
  { dir, hasValidation = false, absent = 'error' }: JudgmentOptions,
): Promise<ExamplesWithNotes> {
  const { judged, absents, irrelevant, leftOut } = await collect(queries, corpus, readJudgments, absent);
  if (judged.size === 0) throw new UserError(`${dir} has no query with a relevant document; check its judgments.`);
  const examples = emptySplits();
  const notes: string[] = [];
  let hashed = 0;
  for (const query of queries.values()) {
    const found = judged.get(query.id);
    if (!found) continue;
    if (found.split === undefined) hashed++;
    const [lacking, notRelevant] = [absents.get(query.id), irrelevant.get(query.id)];
    examples[found.split ?? splitByShare(query.id)].push({
      ...query,
      relevant: found.relevant,
      ...(lacking && { absent: lacking }),
      ...(notRelevant && { irrelevant: notRelevant }),
    });
  }
  if (hashed > 0)
    notes.push('Queries were split by a hash of their ids: about 60 % train, 20 % validation, 20 % test.');
  else if (examples.validation.length === 0 && !hasValidation) notes.push(...fillValidation(examples));
  if (leftOut > 0) notes.push(`Judgments left out because their document is not in the corpus: ${leftOut}.`);
  const unjudged = queries.size - judged.size;
  if (unjudged > 0) notes.push(`${unjudged} of ${queries.size} queries have no relevant document and were left out.`);
  return { examples, notes };
}

interface JudgedQuery {
  readonly split: Split | undefined;
  readonly where: string;
  readonly relevant: Map<string, number>;
}

interface Collected {
  readonly judged: ReadonlyMap<string, JudgedQuery>;
  /** By query, relevant documents that the corpus lacks. */
  readonly absents: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** By query. */
  readonly irrelevant: ReadonlyMap<string, readonly string[]>;
  readonly leftOut: number;
}

async function collect(
  queries: ReadonlyMap<string, Query>,
  corpus: ReadonlySet<string>,
  readJudgments: (take: TakeJudgment) => Promise<void> | void,
  absent: 'error' | 'leave out',
): Promise<Collected> {
  const judged = new Map<string, JudgedQuery>();
  const absents = new Map<string, Map<string, number>>();
  const irrelevant = new Map<string, string[]>();
  let leftOut = 0;
  const take: TakeJudgment = ({ query, document, grade, split, where }) => {
    if (!queries.has(query)) {
      throw new UserError(`${where}: the judged query "${query}" is not among the queries; add it or drop the line.`);
    }
    const isKnown = corpus.has(document);
    if (!isKnown && absent === 'error') {
      throw new UserError(`${where}: the judged document "${document}" is not in the corpus; add it or drop the line.`);
    }
    if (grade <= 0) {
      if (isKnown) entryOf(irrelevant, query, () => []).push(document);
      return;
    }
    if (!isKnown) {
      leftOut++;
      entryOf(absents, query, () => new Map<string, number>()).set(document, grade);
      return;
    }
    const entry = entryOf(judged, query, () => ({ split, where, relevant: new Map<string, number>() }));
    if (entry.split !== split) {
      throw new UserError(`${where}: query "${query}" is also judged in ${entry.where}; a query belongs to one split.`);
    }
    entry.relevant.set(document, grade);
  };
  await readJudgments(take);
  return { judged, absents, irrelevant, leftOut };
}

/** The entry of a key, made when it is the first. */
function entryOf<V>(map: Map<string, V>, key: string, make: () => V): V {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}

function splitByShare(id: string): Split {
  const share = shareOf(id);
  if (share < 0.6) return 'train';
  return share < 0.8 ? 'validation' : 'test';
}

/** Training needs something to choose checkpoints by, and that must never be the test queries. */
function fillValidation(examples: Splits): string[] {
  if (examples.train.length === 0) return [];
  const isForTraining = ({ id }: Example): boolean => shareOf(id) < 0.8;
  examples.validation = examples.train.filter((example) => !isForTraining(example));
  examples.train = examples.train.filter(isForTraining);
  return [
    'There are no validation judgments: about 20 % of the training queries, by a hash of their ids, are validation.',
  ];
}
