/** @file The best order of the judged documents of a query, and the NDCG that a rewrite can reach. Pure. */

type Grades = Readonly<Record<string, number>>;

/** The best grade first. */
export function idealOrder(grades: Grades): readonly { readonly id: string; readonly grade: number }[] {
  return Object.entries(grades)
    .map(([id, grade]) => ({ id, grade }))
    .sort((a, b) => b.grade - a.grade);
}

/**
 * NDCG of the first `cutoff` ranks when every judged document stands as high as it can; 1 unless some are out of reach, and NaN
 * where nothing is judged.
 */
export function reachableNdcg(grades: Grades, unreachable: readonly string[], cutoff: number): number {
  const ideal = idealOrder(grades);
  const reachable = ideal.filter(({ id }) => !unreachable.includes(id));
  return gainOf(reachable, cutoff) / gainOf(ideal, cutoff);
}

/** Discounted as in the metric: grade / log2(rank + 1). */
function gainOf(documents: readonly { readonly grade: number }[], cutoff: number): number {
  return documents.slice(0, cutoff).reduce((sum, { grade }, i) => sum + grade / Math.log2(i + 2), 0);
}
