/** @file The parts of a document's two scores, term by term. Pure. */
import { t } from './l10n.ts';
import { decimal } from './numbers.ts';
import type { ComparedTerm, ExplainedRank, ScorePart } from './protocol.ts';

export interface PartRow {
  readonly name: string;
  /** What the rewrite did to the term: `added`, `dropped` and so on; empty for a part that is no term. */
  readonly change: ComparedTerm['change'] | '';
  /** Null where the query has no such part. */
  readonly before: number | null;
  readonly after: number | null;
  /** How often the document has it, and how many others do. */
  readonly about: string;
}

/** The largest change first. */
export function partRows(
  before: ExplainedRank | undefined,
  after: ExplainedRank | undefined,
  terms: readonly ComparedTerm[],
): readonly PartRow[] {
  const changes = new Map(terms.map(({ term, change }) => [term, change]));
  const [ofBefore, ofAfter] = [byName(before), byName(after)];
  const names = [...new Set([...ofBefore.keys(), ...ofAfter.keys()])];
  const rows = names.map((name): PartRow => {
    const [was, is] = [ofBefore.get(name), ofAfter.get(name)];
    return {
      name,
      change: changes.get(name) ?? '',
      before: was?.score ?? null,
      after: is?.score ?? null,
      about: aboutPart((is ?? was)!),
    };
  });
  const size = (row: PartRow): number => Math.abs((row.after ?? 0) - (row.before ?? 0));
  return rows.sort((a, b) => size(b) - size(a));
}

/** A term that a query has twice in different clauses has two parts. */
function byName(document: ExplainedRank | undefined): ReadonlyMap<string, ScorePart> {
  const parts = new Map<string, ScorePart>();
  for (const part of document?.parts ?? []) {
    const score = part.score + (parts.get(part.name)?.score ?? 0);
    parts.set(part.name, { ...part, score });
  }
  return parts;
}

function aboutPart({ frequency, documentFrequency }: ScorePart): string {
  if (frequency === undefined || documentFrequency === undefined) return '';
  const times = Number.isInteger(frequency) ? String(frequency) : decimal(frequency, 2);
  return t('{0} times here, in {1} documents', times, documentFrequency);
}
