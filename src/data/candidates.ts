/**
 * @file Re-ranking: the BEIR layout with `candidates.jsonl` beside it, rows of `_id` (the query's) and `candidates` (ids of
 * documents in the order in which they were retrieved).
 *
 * Only what is among the candidates is a target: no order reaches the others (Rec-R1's re-ranking files do the same).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { idField, idListField } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines } from '../base/json-lines.ts';
import { beirReader } from './beir.ts';
import { documentText } from './document-text.ts';
import type { ExamplesWithNotes } from './judgments.ts';
import { emptySplits } from './split.ts';
import type { ReadDocument, TaskReader } from './task-reader.ts';
import { type Candidate, type Document, type Example, SPLITS } from './task.ts';

export const CANDIDATES_FILE = 'candidates.jsonl';

/** Whether a folder holds this layout. */
export function isReranking(dir: string): boolean {
  return existsSync(join(dir, CANDIDATES_FILE));
}

interface Pool {
  readonly ids: readonly string[];
  readonly where: string;
}

/** Examples are the queries with at least one relevant candidate; a note counts the others. */
export class RerankReader implements TaskReader {
  readonly #dir: string;
  readonly #queries: TaskReader;
  readonly #texts = new Map<string, string>();
  #pools: ReadonlyMap<string, Pool> = new Map();

  constructor(dir: string) {
    this.#dir = dir;
    this.#queries = beirReader(dir);
  }

  /** Keeps the texts of the candidates as they pass by. */
  async *documents(): AsyncGenerator<ReadDocument> {
    this.#pools = await readPools(join(this.#dir, CANDIDATES_FILE));
    const wanted = new Set(Array.from(this.#pools.values(), ({ ids }) => ids).flat());
    for await (const read of this.#queries.documents()) {
      if (wanted.has(read.document.id)) this.#texts.set(read.document.id, candidateText(read.document));
      yield read;
    }
  }

  async examples(corpus: ReadonlySet<string>): Promise<ExamplesWithNotes> {
    const { examples, notes } = await this.#queries.examples(corpus);
    const candidates = new Map(Array.from(this.#pools, ([id, pool]) => [id, this.#candidatesOf(pool)]));
    const usable = emptySplits();
    let leftOut = 0;
    for (const split of SPLITS) {
      const found = examples[split].flatMap((example) => withCandidates(example, candidates.get(example.id)));
      usable[split].push(...found);
      leftOut += examples[split].length - found.length;
    }
    if (leftOut === 0) return { examples: usable, notes };
    return { examples: usable, notes: [...notes, `Queries left out because no candidate is relevant: ${leftOut}.`] };
  }

  #candidatesOf({ ids, where }: Pool): Candidate[] {
    return ids.map((id) => {
      const text = this.#texts.get(id);
      if (text !== undefined) return { id, text };
      throw new UserError(`${where}: the candidate "${id}" is not in the corpus; add it or drop it.`);
    });
  }
}

/** What a prompt shows of a document: one line. */
export function candidateText(document: Document): string {
  return documentText(document).replace(/\s+/g, ' ').trim();
}

/** The re-ranking that an example becomes: judgments of other documents are gone. Nothing when no candidate is relevant. */
export function withCandidates(
  { id, query, custom, relevant, irrelevant = [] }: Example,
  candidates: readonly Candidate[] = [],
): Example[] {
  const pool = new Set(candidates.map((candidate) => candidate.id));
  const grades = [...relevant].filter(([document]) => pool.has(document));
  if (grades.length === 0) return [];
  const others = irrelevant.filter((document) => pool.has(document));
  return [
    {
      id,
      query,
      candidates,
      relevant: new Map(grades),
      ...(custom && { custom }),
      ...(others.length > 0 && { irrelevant: others }),
    },
  ];
}

async function readPools(file: string): Promise<ReadonlyMap<string, Pool>> {
  const pools = new Map<string, Pool>();
  for await (const { value: row, where } of readJsonLines(file)) {
    const id = idField(row, '_id', where);
    const ids = idListField(row, 'candidates', where);
    if (pools.has(id)) throw new UserError(`${where}: query "${id}" already has candidates; put them in one row.`);
    if (ids.length < 2)
      throw new UserError(`${where}: query "${id}" needs at least two candidates to be put in order.`);
    const again = ids.find((candidate, i) => ids.indexOf(candidate) < i);
    if (again !== undefined)
      throw new UserError(`${where}: the candidate "${again}" is listed twice; drop one of them.`);
    pools.set(id, { ids, where });
  }
  return pools;
}
