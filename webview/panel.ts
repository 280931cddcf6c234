/** @file The whole panel from top to bottom: header, curves, and one of three tabs below them. */
import { html, nothing, type TemplateResult } from 'lit';
import { comparisonNews, comparisonView } from './comparison.ts';
import { curvesView } from './curves.ts';
import { evaluationView } from './evaluation.ts';
import { headerView } from './header.ts';
import { t } from './l10n.ts';
import type { FromPanel } from './protocol.ts';
import { rolloutsView } from './rollouts.ts';
import { stepBar } from './step-bar.ts';
import type { PanelAction, PanelState, Tab } from './state.ts';

/** What a view may cause: a change of what is shown, or a request to the host. */
export interface Effects {
  readonly act: (action: PanelAction) => void;
  readonly send: (message: FromPanel) => void;
}

export function panelView(state: PanelState, effects: Effects): TemplateResult {
  return html`
    ${headerView(state, effects)} ${problemView(state, effects)}
    ${state.info ? html`${stepBar(state, effects)} ${curvesView(state, effects)} ${tabsView(state, effects)}` : nothing}
    ${newsView(state)}
  `;
}

/**
 * Why a run failed, paused by itself or cannot be read, with the end of its log. The message's element is there before it: screen
 * readers say what changes in one, and may pass over one that comes with its text.
 */
function problemView(state: PanelState, { send }: Effects): TemplateResult {
  const { problem } = state;
  const message = ownProblem(state) ?? problem?.message;
  const isProblem = message !== undefined;
  return html`<section id="problem" class=${isProblem ? 'problem' : ''}>
    <p role="alert">${message ?? nothing}</p>
    ${
      isProblem && problem?.log
        ? html`<pre tabindex="0" aria-label=${t('End of the worker’s log')}>${problem.log}</pre>`
        : nothing
    }
    ${
      isProblem
        ? html`<vscode-button
            appearance="secondary"
            @click=${() => {
              send({ kind: 'show-log' });
            }}
            >${t('Open Log')}</vscode-button
          >`
        : nothing
    }
  </section>`;
}

/** Outside of the tabs, of which one may come to the front with its news. */
function newsView(state: PanelState): TemplateResult {
  return html`<p class="unseen" role="status">${comparisonNews(state)}</p>`;
}

/** What the run itself says is wrong. A pause that somebody wished for has no message. */
function ownProblem({ info }: PanelState): string | undefined {
  if (info?.state === 'failed') return info.message ?? t('The run failed.');
  if (info?.state === 'paused' && info.message !== undefined) return t('{0} Resume when that is mended.', info.message);
  return undefined;
}

const TABS: readonly { readonly id: Tab; readonly title: string }[] = [
  { id: 'rollouts', title: t('Rollouts') },
  { id: 'evaluation', title: t('Before and After') },
  { id: 'comparison', title: t('Comparison') },
];

function tabsView(state: PanelState, effects: Effects): TemplateResult {
  const body = { rollouts: rolloutsView, evaluation: evaluationView, comparison: comparisonView }[state.tab];
  return html`<vscode-panels activeid="tab-${state.tab}" aria-label=${t('Details of the run')}>
    ${TABS.map(
      ({ id, title }) =>
        html`<vscode-panel-tab
            id="tab-${id}"
            @click=${() => {
              effects.act({ kind: 'choose-tab', tab: id });
            }}
            @focus=${() => {
              effects.act({ kind: 'choose-tab', tab: id });
            }}
            >${title}</vscode-panel-tab
          ><vscode-panel-view id="view-${id}">${state.tab === id ? body(state, effects) : nothing}</vscode-panel-view>`,
    )}
  </vscode-panels>`;
}
