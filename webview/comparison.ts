/**
 * @file Checkpoints on the same queries: the verdict on each against one of them, what else differs, then query by query with
 * both rewrites.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { comparedQueries } from './comparison-queries.ts';
import { meansView } from './comparison-means.ts';
import { t } from './l10n.ts';
import { decimal, pValueText, signed } from './numbers.ts';
import type { Effects } from './panel.ts';
import type { ComparedMetric, ComparisonResult, ShownComparison } from './protocol.ts';
import { shortName } from './short-name.ts';
import type { PanelState } from './state.ts';

export function comparisonView(state: PanelState, effects: Effects): TemplateResult {
  const { status, result, shown } = state.comparison;
  return html`${toolbarView(state, effects)}
    <div id="comparison">
      ${
        status?.kind === 'working'
          ? html`<p><vscode-progress-ring aria-hidden="true"></vscode-progress-ring> ${status.label}</p>`
          : nothing
      }
      ${status?.kind === 'failed' ? html`<p class="problem">${status.message}</p>` : nothing}
      ${result ? meansView(result, shown, effects) : nothing}
    </div>
    ${result ? resultView(result, state, effects) : nothing}`;
}

/** What a screen reader should say of it: what is under way, then how it ended. */
export function comparisonNews({ comparison: { status, result, shown } }: PanelState): string {
  if (status) return status.kind === 'working' ? status.label : status.message;
  return result ? conclusion(result.comparisons[shown]) : '';
}

function toolbarView({ checkpoints, comparison }: PanelState, { send }: Effects): TemplateResult {
  const isPossible = checkpoints.length > 0;
  return html`<div class="picker">
    <vscode-button
      id="compare"
      ?disabled=${!isPossible}
      @click=${() => {
        send({ kind: 'compare' });
      }}
      >${t('Compare Checkpoints…')}</vscode-button
    >
    ${isPossible ? nothing : html`<span class="empty">${t('There is no checkpoint yet.')}</span>`}
    ${
      comparison.result
        ? html`<vscode-button
              id="compare-another"
              appearance="secondary"
              @click=${() => {
                send({ kind: 'compare-another' });
              }}
              >${t('Add Another…')}</vscode-button
            >
            <vscode-button
              id="report"
              appearance="secondary"
              @click=${() => {
                send({ kind: 'report' });
              }}
              >${t('Export Report…')}</vscode-button
            >`
        : nothing
    }
  </div>`;
}

function resultView(result: ComparisonResult, state: PanelState, effects: Effects): TemplateResult {
  const comparison = result.comparisons[state.comparison.shown];
  return html`<p class="note">${conclusion(comparison)} ${t('Paired randomisation test with 10,000 permutations.')}</p>
    <div class="asides">
      ${metricsView(comparison, state, effects)} ${settingsView(comparison)} ${retentionView(result)}
    </div>
    ${comparedQueries(comparison, state, effects)}`;
}

function conclusion({ a, b, difference, pValue }: ShownComparison): string {
  if (difference === 0) return t('They do not differ.');
  if (pValue >= 0.05) return t('A difference this large is no surprise where neither is better.');
  return t('{0} is better; chance alone rarely makes a difference this large.', shortName(difference > 0 ? b : a));
}

/** Those beside the compared one too, once somebody opens it. */
function metricsView({ a, b }: ShownComparison, { comparison }: PanelState, { act }: Effects): TemplateResult {
  const metrics = comparison.metrics.get(b);
  return html`<details
    ?open=${comparison.showsMetrics}
    @toggle=${(event: Event) => {
      const showsMetrics = (event.target as HTMLDetailsElement).open;
      if (showsMetrics !== comparison.showsMetrics) act({ kind: 'compared', comparison: { showsMetrics } });
    }}
  >
    <summary>${t('All metrics')}</summary>
    ${metrics ? metricsTable(metrics, a, b) : html`<vscode-progress-ring aria-label=${t('Comparing…')}></vscode-progress-ring>`}
  </details>`;
}

function metricsTable(metrics: readonly ComparedMetric[], a: string, b: string): TemplateResult {
  return html`<table id="compared-metrics">
    <thead>
      <tr>
        <th scope="col">${t('Metric')}</th>
        <th scope="col" class="number">${shortName(a)}</th>
        <th scope="col" class="number">${shortName(b)}</th>
        <th scope="col" class="number">${t('Difference')}</th>
        <th scope="col" class="number">${t('Chance')}</th>
      </tr>
    </thead>
    <tbody>
      ${metrics.map(
        (metric) =>
          html`<tr>
            <th scope="row">${metric.name}</th>
            <td class="number">${decimal(metric.meanA)}</td>
            <td class="number">${decimal(metric.meanB)}</td>
            <td class="number">${signed(metric.difference)}</td>
            <td class="number">${pValueText(metric.pValue)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function settingsView({ settings, a, b }: ShownComparison): TemplateResult | typeof nothing {
  if (settings.length === 0) return nothing;
  return html`<details>
    <summary>${t('Settings that differ: {0}', settings.length)}</summary>
    <table>
      <thead>
        <tr>
          <th scope="col">${t('Setting')}</th>
          <th scope="col">${shortName(a)}</th>
          <th scope="col">${shortName(b)}</th>
        </tr>
      </thead>
      <tbody>
        ${settings.map(
          (setting) =>
            html`<tr>
              <th scope="row">${setting.name}</th>
              <td>${setting.a ?? '–'}</td>
              <td>${setting.b ?? '–'}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </details>`;
}

/** What the sides still know beside the task. */
function retentionView({ retention }: ComparisonResult): TemplateResult | typeof nothing {
  if (retention.length === 0) return nothing;
  const names = [...new Set(retention.flatMap(({ probes }) => probes.map(({ name }) => name)))];
  return html`<details open>
    <summary>${t('What they still know')}</summary>
    <table id="retention">
      <thead>
        <tr>
          <th scope="col">${t('Probe')}</th>
          ${retention.map(({ side }) => html`<th scope="col" class="number">${shortName(side)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${names.map(
          (name) =>
            html`<tr>
              <th scope="row">${name}</th>
              ${retention.map(({ probes }) => {
                const probe = probes.find((found) => found.name === name);
                return html`<td class="number">
                  ${probe ? `${decimal(probe.mean)} [${probe.interval.map((end) => decimal(end)).join(', ')}]` : '–'}
                </td>`;
              })}
            </tr>`,
        )}
      </tbody>
    </table>
  </details>`;
}
