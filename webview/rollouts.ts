/**
 * @file The rollouts of one step, grouped by query: the original query as row 0, under it each rewrite with what it earned
 * and what it moved in the top ten.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { decimal, signed } from './numbers.ts';
import type { Effects } from './panel.ts';
import type { Rollout, RolloutGroup } from './protocol.ts';
import { judgedMoves, movesBetween } from './ranking.ts';
import { whyEqual } from './why-equal.ts';
import { movedText, rankingView } from './rankings.ts';
import { exportRollouts, type ExportFormat } from './rollout-export.ts';
import {
  gainOf,
  NO_FILTER,
  ORDERS,
  type RolloutFilter,
  SHOWN,
  type ShownGroup,
  shownGroups,
} from './rollout-filter.ts';
import { wantedStep, type PanelState } from './state.ts';

type Shown = NonNullable<PanelState['groups']>;

export function rolloutsView(state: PanelState, effects: Effects): TemplateResult {
  const { groups: shown, filter } = state;
  if (!shown) return html`<p class="empty">The rollouts of a step appear here when it has finished.</p>`;
  const groups = shownGroups(shown.groups, filter);
  return html`${stepPicker(state, effects)} ${filterView(shown, groups, filter, effects)}
    <table id="rollouts" class="groups" aria-label="Rollouts of step ${shown.step}">
      <thead>
        <tr>
          <th scope="col">Query and its rewrites</th>
          <th scope="col" class="number">Reward</th>
          <th scope="col" class="number">NDCG</th>
          <th scope="col" class="number">Advantage</th>
          <th scope="col">Format</th>
          <th scope="col">What moved in the top ten</th>
        </tr>
      </thead>
      ${groups.map((group) => groupView(group, shown, state, effects))}
    </table>`;
}

function stepPicker(state: PanelState, { act }: Effects): TemplateResult | typeof nothing {
  const step = wantedStep(state);
  if (step === null) return nothing;
  const first = state.steps[0].step;
  const last = state.steps.at(-1)!.step;
  const choose = (to: number): void => {
    act({ kind: 'choose-step', step: Math.max(first, Math.min(last, to)) });
  };
  return html`<div class="picker" role="group" aria-label="Step">
    <vscode-button
      appearance="icon"
      aria-label="Step before"
      ?disabled=${step <= first}
      @click=${() => {
        choose(step - 1);
      }}
      >‹</vscode-button
    >
    <input
      id="step-slider"
      type="range"
      aria-label="Step whose rollouts are shown"
      min=${first}
      max=${last}
      .value=${String(step)}
      @input=${(event: Event) => {
        choose(Number((event.target as HTMLInputElement).value));
      }}
    />
    <vscode-button
      appearance="icon"
      aria-label="Step after"
      ?disabled=${step >= last}
      @click=${() => {
        choose(step + 1);
      }}
      >›</vscode-button
    >
    <span>Step <b id="shown-step">${step}</b></span>
    <vscode-button
      id="newest"
      appearance="secondary"
      ?disabled=${state.chosenStep === null}
      @click=${() => {
        act({ kind: 'choose-step', step: null });
      }}
      >Follow Newest</vscode-button
    >
  </div>`;
}

/** Search, choice and order of what is shown, how much that is, and the way to a file. */
function filterView(
  shown: Shown,
  groups: readonly ShownGroup[],
  filter: RolloutFilter,
  { act, send }: Effects,
): TemplateResult {
  const count = (list: readonly { readonly rollouts: readonly unknown[] }[]): number =>
    list.reduce((sum, { rollouts }) => sum + rollouts.length, 0);
  const save = (format: ExportFormat): void => {
    send({ kind: 'save', name: `rollouts-${shown.step}.${format}`, text: exportRollouts(shown.step, groups, format) });
  };
  const isFiltered = filter.show !== NO_FILTER.show || filter.text !== '';
  return html`<div class="filter" role="search">
    <vscode-text-field
      id="filter-text"
      type="search"
      placeholder="Search queries and rewrites"
      aria-label="Search queries and rewrites"
      .value=${filter.text}
      @input=${(event: Event) => {
        act({ kind: 'filter', filter: { text: valueOf(event) } });
      }}
    ></vscode-text-field>
    ${choice('filter-show', 'Which rewrites', SHOWN, filter.show, (show) => {
      act({ kind: 'filter', filter: { show } });
    })}
    ${choice('filter-order', 'In which order', ORDERS, filter.order, (order) => {
      act({ kind: 'filter', filter: { order } });
    })}
    <span id="filter-count" role="status" aria-live="polite"
      >${isFiltered ? `${count(groups)} of ` : ''}${count(shown.groups)} rewrites</span
    >
    <span class="exports">
      ${(['csv', 'jsonl'] as const).map(
        (format) =>
          html`<vscode-button
            id="export-${format}"
            appearance="secondary"
            ?disabled=${groups.length === 0}
            @click=${() => {
              save(format);
            }}
            >${format === 'csv' ? 'Export CSV' : 'Export JSON Lines'}</vscode-button
          >`,
      )}
    </span>
  </div>`;
}

function choice<K extends string>(
  id: string,
  label: string,
  options: Readonly<Record<K, string>>,
  chosen: K,
  choose: (option: K) => void,
): TemplateResult {
  return html`<vscode-dropdown
    id=${id}
    aria-label=${label}
    @change=${(event: Event) => {
      choose(valueOf(event) as K);
    }}
  >
    ${Object.entries(options).map(
      ([value, text]) => html`<vscode-option value=${value} ?selected=${value === chosen}>${text}</vscode-option>`,
    )}
  </vscode-dropdown>`;
}

function valueOf(event: Event): string {
  return (event.target as HTMLInputElement).value;
}

/** A body of the table: the original query as row 0, then its rewrites. */
function groupView({ group, rollouts }: ShownGroup, shown: Shown, state: PanelState, effects: Effects): TemplateResult {
  const { exampleId, query, baseline } = group;
  const cause = whyEqual(group);
  return html`<tbody aria-label=${query}>
    <tr class="original">
      <th scope="row">${query}</th>
      <td class="number"></td>
      <td class="number">${decimal(baseline.ndcg)}</td>
      <td class="number"></td>
      <td>original</td>
      <td>
        ${
          cause
            ? html`<span class="badge" title="All rewards are equal: this group teaches nothing">${cause}</span>`
            : nothing
        }
      </td>
    </tr>
    ${rollouts.map(({ rollout, place }) =>
      rolloutRows(`${shown.step}/${exampleId}/${place}`, rollout, group, shown, state, effects),
    )}
  </tbody>`;
}

function rolloutRows(
  key: string,
  rollout: Rollout,
  group: RolloutGroup,
  shown: Shown,
  state: PanelState,
  { act, send }: Effects,
): TemplateResult {
  const isOpen = state.open.has(key);
  const grades = shown.grades[group.exampleId] ?? {};
  const moves = movesBetween(group.baseline.top, rollout.top);
  const ndcg = 'ndcg' in rollout.terms ? rollout.terms.ndcg : NaN;
  const searched = rollout.rewrite !== null && rollout.error === undefined;
  const better = gainOf(rollout, group);
  return html`<tr class=${better > 0.0005 ? 'gain' : better < -0.0005 ? 'loss' : ''}>
      <th scope="row">
        <button
          class="disclosure"
          aria-expanded=${isOpen}
          @click=${() => {
            // What is being read stays, also while the training goes on.
            if (!isOpen) act({ kind: 'choose-step', step: shown.step });
            act({ kind: 'toggle', key });
          }}
        >
          ${rollout.rewrite ?? html`<i>no rewrite</i>`}
        </button>
      </th>
      <td class="number reward">${decimal(rollout.reward)}</td>
      <td class="number gained">${decimal(ndcg)}</td>
      <td class="number">${signed(rollout.advantage, 2)}</td>
      <td class=${rollout.format === 'ok' ? '' : 'bad'}>${rollout.error ? 'search failed' : rollout.format}</td>
      <td class="moves">${searched ? movedText(judgedMoves(moves, grades), grades, shown.titles) : nothing}</td>
    </tr>
    ${
      isOpen
        ? html`<tr class="details">
            <td colspan="6">
              <div class="columns">
                <div>
                  <h3>Completion</h3>
                  <pre>${rollout.text}</pre>
                  <p>
                    ${rollout.tokens} tokens, mean log-probability ${decimal(rollout.logProb, 2)}.
                    ${Object.entries(rollout.terms).map(([name, value]) => html`<span class="term">${name} ${signed(value)}</span> `)}
                  </p>
                  ${rollout.note === undefined ? nothing : html`<p>${rollout.note}</p>`}
                  ${
                    rollout.rewrite === null
                      ? nothing
                      : html`<vscode-button
                          appearance="secondary"
                          @click=${() => {
                            send({ kind: 'copy', text: rollout.rewrite! });
                          }}
                          >Copy Rewrite</vscode-button
                        >`
                  }
                </div>
                ${
                  searched
                    ? rankingView(moves, grades, shown.titles)
                    : html`<p class="empty">${rollout.error ?? 'There is no rewrite, so nothing was searched.'}</p>`
                }
              </div>
            </td>
          </tr>`
        : nothing
    }`;
}
