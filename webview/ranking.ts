/** @file What moved between two ranked lists. Pure. */

export interface Move {
  readonly id: string;
  /** Places from 1; null when not among the shown ones. */
  readonly from: number | null;
  readonly to: number | null;
  /** How many places up (positive) or down; null when it entered or left. */
  readonly places: number | null;
}

/** Each document of `after` in its order, then those that left, in the order of `before`. */
export function movesBetween(before: readonly string[], after: readonly string[]): readonly Move[] {
  const placeBefore = places(before);
  const placeAfter = places(after);
  const shown = after.map((id, i): Move => {
    const from = placeBefore.get(id) ?? null;
    return { id, from, to: i + 1, places: from === null ? null : from - (i + 1) };
  });
  const left = before.flatMap((id, i): readonly Move[] =>
    placeAfter.has(id) ? [] : [{ id, from: i + 1, to: null, places: null }],
  );
  return [...shown, ...left];
}

/** The moves that explain a change of NDCG: judged documents that changed place, the best grade first. */
export function judgedMoves(moves: readonly Move[], grades: Readonly<Record<string, number>>): readonly Move[] {
  const gradeOf = (id: string): number => (Object.hasOwn(grades, id) ? grades[id] : 0);
  return moves
    .filter(({ id, places: by }) => gradeOf(id) > 0 && by !== 0)
    .sort((a, b) => gradeOf(b.id) - gradeOf(a.id) || (a.to ?? Infinity) - (b.to ?? Infinity));
}

function places(ids: readonly string[]): ReadonlyMap<string, number> {
  return new Map(ids.map((id, i) => [id, i + 1]));
}
