/** @file What the panel has to ask the host, so that what should be on screen can be. Pure. */
import type { FromPanel, RankingContext } from './protocol.ts';
import { comparedKey, evaluatedKey, type PanelState, shownEvaluation, traceKey, wantedStep } from './state.ts';

/** Asked again as long as it is missing; whoever sends them remembers what is under way. */
export function missing(state: PanelState): readonly FromPanel[] {
  const questions: FromPanel[] = [];
  const step = wantedStep(state);
  if (step !== null && step !== state.groups?.step) questions.push({ kind: 'groups', step });
  const evaluation = shownEvaluation(state)?.id;
  if (state.tab === 'evaluation' && evaluation !== undefined && evaluation !== state.rows?.evaluation) {
    questions.push({ kind: 'rows', evaluation });
  }
  const ids = missingTitles(state);
  if (ids.length > 0) questions.push({ kind: 'titles', ids });
  const wanted = [...state.documents].flatMap(([id, { kind }]) => (kind === 'wanted' ? [id] : []));
  if (wanted.length > 0) questions.push({ kind: 'documents', ids: wanted });
  if (state.tab === 'rollouts' && state.colouring !== 'plain') questions.push(...missingTraces(state));
  if (state.tab === 'comparison') questions.push(...missingOfComparison(state));
  return questions;
}

/** Of what open rows show: both lists, and all that is judged. */
function missingTitles(state: PanelState): readonly string[] {
  const ids = state.tab === 'rollouts' ? openRollouts(state) : state.tab === 'evaluation' ? openRows(state) : [];
  return [...new Set(ids)].filter((id) => !Object.hasOwn(state.titles, id));
}

function openRollouts({ groups, open }: PanelState): readonly string[] {
  if (!groups || open.size === 0) return [];
  return groups.groups.flatMap(({ exampleId, baseline, rollouts }, group) =>
    rollouts
      .filter((_, place) => open.has(traceKey({ step: groups.step, group, place })))
      .flatMap(({ top }) => [...baseline.top, ...top, ...judged(groups, exampleId)]),
  );
}

function openRows({ rows, open }: PanelState): readonly string[] {
  if (!rows || open.size === 0) return [];
  return rows.rows
    .filter(({ exampleId }) => open.has(evaluatedKey(exampleId)))
    .flatMap(({ exampleId, top, baselineTop }) => [...baselineTop, ...top, ...judged(rows, exampleId)]);
}

function judged({ grades }: RankingContext, exampleId: string): readonly string[] {
  return Object.hasOwn(grades, exampleId) ? Object.keys(grades[exampleId]) : [];
}

function missingOfComparison({ comparison, open }: PanelState): readonly FromPanel[] {
  const { result, shown, showsMetrics, metrics, lists } = comparison;
  const b = result?.comparisons.at(shown)?.b;
  if (b === undefined) return [];
  const missingMetrics: FromPanel[] = showsMetrics && !metrics.has(b) ? [{ kind: 'compared-metrics', b }] : [];
  const beginning = comparedKey(b, '');
  const missingLists = [...open]
    .filter((key) => key.startsWith(beginning) && !lists.has(key))
    .map((key): FromPanel => ({ kind: 'compared-lists', b, exampleId: key.slice(beginning.length) }));
  return [...missingMetrics, ...missingLists];
}

function missingTraces({ groups, open, traces }: PanelState): readonly FromPanel[] {
  if (!groups) return [];
  const { step } = groups;
  return groups.groups.flatMap(({ rollouts }, group) =>
    rollouts.flatMap((_, place): FromPanel[] => {
      const key = traceKey({ step, group, place });
      return open.has(key) && !traces.has(key) ? [{ kind: 'trace', step, group, place }] : [];
    }),
  );
}
