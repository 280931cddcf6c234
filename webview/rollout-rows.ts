/**
 * @file The rows of the table of rollouts: each query as typed as row 0, under it its rewrites with what they earned and what
 * they moved, and under an open one the completion and the retrieval diff.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { dropdown } from './dropdown.ts';
import { t } from './l10n.ts';
import { decimal, signed } from './numbers.ts';
import { disclosure, openableRow } from './openable-row.ts';
import type { Effects } from './panel.ts';
import type { Rollout, RolloutGroup } from './protocol.ts';
import { judgedMoves, movesBetween } from './ranking.ts';
import { movedText } from './rankings.ts';
import { retrievalDiffView } from './retrieval-diff.ts';
import { gainOf, type ShownGroup } from './rollout-filter.ts';
import { type PanelState, traceKey } from './state.ts';
import { COLOURINGS, completionView } from './token-colours.ts';
import { FIRST_ROW, type VirtualRow } from './virtual-rows.ts';
import { EQUAL_CAUSES, whyEqual } from './why-equal.ts';

export type Shown = NonNullable<PanelState['groups']>;

/** What every row of a table shares. */
interface Table {
  readonly terms: readonly string[];
  readonly shown: Shown;
  readonly state: PanelState;
  readonly effects: Effects;
}

export function rolloutRows(
  groups: readonly ShownGroup[],
  terms: readonly string[],
  shown: Shown,
  state: PanelState,
  effects: Effects,
): readonly VirtualRow[] {
  const table: Table = { terms, shown, state, effects };
  return groups.flatMap(({ group, index, rollouts }) => [
    { key: `${shown.step}/${index}`, view: (row) => queryRow(row, group, table) },
    ...rollouts.flatMap(({ rollout, place }) => {
      const key = traceKey({ step: shown.step, group: index, place });
      const view = (row: number): TemplateResult => rolloutRow(row, key, rollout, group, table);
      return openableRow(key, state, view, () => details(key, rollout, group, table));
    }),
  ]);
}

function queryRow(row: number, group: RolloutGroup, { terms }: Table): TemplateResult {
  const { query, baseline } = group;
  const cause = whyEqual(group);
  return html`<div role="row" aria-rowindex=${row + FIRST_ROW} class="row original">
    <span role="rowheader" title=${query}>${query}</span>
    <span role="cell"></span>
    ${terms.map((term) => html`<span role="cell" class="number">${term === 'ndcg' ? decimal(baseline.ndcg) : ''}</span>`)}
    <span role="cell"></span>
    <span role="cell"></span>
    <span role="cell">${t('original')}</span>
    <span role="cell"
      >${
        cause
          ? html`<span class="badge" title=${t('All rewards are equal: this group teaches nothing')}
              >${EQUAL_CAUSES[cause]}</span
            >`
          : nothing
      }</span
    >
  </div>`;
}

function rolloutRow(
  row: number,
  key: string,
  rollout: Rollout,
  group: RolloutGroup,
  { terms, shown, state, effects }: Table,
): TemplateResult {
  // What is being read stays, also while the training goes on.
  const stay = (): void => {
    if (!state.open.has(key)) effects.act({ kind: 'choose-step', step: shown.step });
  };
  const grades = shown.grades[group.exampleId] ?? {};
  const better = gainOf(rollout, group);
  const tone = better > 0.0005 ? 'gain' : better < -0.0005 ? 'loss' : '';
  return html`<div role="row" aria-rowindex=${row + FIRST_ROW} class="row ${tone}">
    ${disclosure(key, state, effects, rollout.rewrite ?? html`<i>${t('no rewrite')}</i>`, stay)}
    <span role="cell" class="number reward">${decimal(rollout.reward)}</span>
    ${terms.map((term) => html`<span role="cell" class="number ${term === 'ndcg' ? 'gained' : ''}">${decimal(termOf(rollout, term))}</span>`)}
    <span role="cell" class="number">${signed(rollout.advantage, 2)}</span>
    <span role="cell" class="number">${rollout.tokens}</span>
    <span role="cell" class=${rollout.format === 'ok' ? '' : 'bad'}
      >${rollout.error ? t('search failed') : rollout.format}</span
    >
    <span role="cell" class="moves"
      >${isSearched(rollout) ? movedText(judgedMoves(movesBetween(group.baseline.top, rollout.top), grades), grades, shown.titles) : nothing}</span
    >
  </div>`;
}

function termOf({ terms }: Rollout, name: string): number {
  return Object.hasOwn(terms, name) ? terms[name] : NaN;
}

function isSearched({ rewrite, error }: Rollout): boolean {
  return rewrite !== null && error === undefined;
}

function details(key: string, rollout: Rollout, group: RolloutGroup, table: Table): TemplateResult {
  return html`${completion(key, rollout, table)}
  ${
    isSearched(rollout)
      ? retrievalDiff(rollout, group, table)
      : html`<p class="empty">${rollout.error ?? t('There is no rewrite, so nothing was searched.')}</p>`
  }`;
}

function completion(key: string, rollout: Rollout, { state, effects }: Table): TemplateResult {
  const { text, rewrite, logProb, note } = rollout;
  const copy = (label: string, copied: string): TemplateResult =>
    html`<vscode-button
      appearance="secondary"
      @click=${() => {
        effects.send({ kind: 'copy', text: copied });
      }}
      >${label}</vscode-button
    >`;
  return html`<div class="actions">
      <h3>${t('Completion')}</h3>
      ${dropdown(`colouring-${key}`, t('Colour of tokens'), COLOURINGS, state.colouring, (colouring) => {
        effects.act({ kind: 'colour', colouring });
      })}
      ${rewrite === null ? nothing : copy(t('Copy Rewrite'), rewrite)} ${copy(t('Copy Completion'), text)}
      <span class="note">${t('Mean log-probability {0}', decimal(logProb, 2))}</span>
    </div>
    ${completionView(text, state.colouring, state.traces.get(key))}
    ${note === undefined ? nothing : html`<p class="note">${note}</p>`}`;
}

function retrievalDiff(
  rollout: Rollout,
  { exampleId, query, baseline }: RolloutGroup,
  { shown, state, effects }: Table,
): TemplateResult {
  const cutoff = state.info?.config['reward.k'];
  return retrievalDiffView(
    {
      exampleId,
      metric: typeof cutoff === 'number' ? `NDCG@${cutoff}` : 'NDCG',
      before: { label: t('Original query'), query, top: baseline.top, ndcg: baseline.ndcg ?? NaN },
      after: { label: t('Rewrite'), query: rollout.rewrite, top: rollout.top, ndcg: termOf(rollout, 'ndcg') },
    },
    { titles: state.titles, grades: shown.grades },
    state,
    effects,
  );
}
