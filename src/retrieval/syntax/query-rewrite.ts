/**
 * @file A query simplified as Lucene does before it scores, as far as that changes a score's last bit: a clause that stands
 * alone replaces its query, repeated clauses become one with their boosts added, optional clauses of optional clauses move up.
 * (Lucene 9.9, which Anserini 0.24 has.)
 */
import { type BooleanQuery, type Clause, type Query, boosted, boundedBoost } from './query.ts';

/** Undefined for a query that cannot find anything. */
export function simplify(query: Query): Query | undefined {
  if (query.kind !== 'boolean') return query;
  const parts = query.clauses.map(({ occur, query: part }) => ({ occur, query: simplify(part) }));
  if (parts.some((part) => part.occur === 'must' && !part.query)) return undefined;
  let clauses = parts.flatMap(({ occur, query: part }): Clause[] => (part ? [{ occur, query: part }] : []));
  for (;;) {
    if (clauses.every(({ occur }) => occur === 'not')) return undefined;
    if (clauses.length === 1) return boosted(clauses[0].query, query.boost);
    const simpler = joined(clauses, 'should') ?? joined(clauses, 'must') ?? flattened(clauses);
    if (!simpler) return { ...query, clauses };
    clauses = simpler;
  }
}

/** Equal for queries that rank equally, whatever the order of their clauses. */
export function queryKey(query: Query): string {
  return `${keyWithoutBoost(query)}^${query.boost}`;
}

function keyWithoutBoost(query: Query): string {
  switch (query.kind) {
    case 'term':
      return JSON.stringify(query.term);
    case 'terms':
      return `${query.form} ${JSON.stringify(query.label)}`;
    case 'phrase':
      return `${JSON.stringify(query.terms.map(({ term, position }) => [term, position]))}~${query.slop}`;
    case 'boolean':
      return `(${query.clauses
        .map(({ occur, query: part }) => `${occur} ${queryKey(part)}`)
        .sort()
        .join(', ')})`;
  }
}

/** Undefined when no clause of the kind occurs twice. */
function joined(clauses: readonly Clause[], occur: 'should' | 'must'): Clause[] | undefined {
  const sums = new Map<string, { readonly query: Query; boost: number }>();
  const [same, others] = [
    clauses.filter((clause) => clause.occur === occur),
    clauses.filter((clause) => clause.occur !== occur),
  ];
  for (const { query } of same) {
    const key = keyWithoutBoost(query);
    const known = sums.get(key);
    if (known) known.boost += query.boost;
    else sums.set(key, { query, boost: query.boost });
  }
  if (sums.size === same.length) return undefined;
  const once = Array.from(sums.values(), ({ query, boost }): Clause => ({
    occur,
    query: { ...query, boost: boundedBoost(boost) },
  }));
  return [...once, ...others];
}

/** Undefined when no optional clause consists of optional clauses only. */
function flattened(clauses: readonly Clause[]): Clause[] | undefined {
  if (!clauses.some(isPlainDisjunction)) return undefined;
  return clauses.flatMap((clause) => (isPlainDisjunction(clause) ? clause.query.clauses : clause));
}

function isPlainDisjunction(clause: Clause): clause is Clause & { readonly query: BooleanQuery } {
  const { occur, query } = clause;
  if (occur !== 'should' || query.kind !== 'boolean' || query.boost !== 1) return false;
  return query.clauses.every((inner) => inner.occur === 'should');
}
