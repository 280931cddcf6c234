/**
 * @file The places of the curves and what one may choose about them: metrics, smoothing, scale, other runs. `curve-plots.ts`
 * draws.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { metricNames } from './curve-data.ts';
import { t } from './l10n.ts';
import { MARKS } from './marks.ts';
import { metricLabel, metricText, inUnit } from './metrics.ts';
import { checkbox, menu } from './menu.ts';
import type { Effects } from './panel.ts';
import type { MarkKind, StepPoint } from './run-history.ts';
import { STATE_NAMES } from './state-names.ts';
import type { PanelState } from './state.ts';

export function curvesView(state: PanelState, effects: Effects): TemplateResult {
  return html`<section aria-label=${t('Curves')}>
    ${toolbar(state, effects)}
    <div class="curves">${state.curves.metrics.map((metric) => figure(metric, state.steps))}</div>
  </section>`;
}

function toolbar(state: PanelState, effects: Effects): TemplateResult {
  const { smoothing, log } = state.curves;
  const { act } = effects;
  return html`<div class="toolbar" role="toolbar" aria-label=${t('Curves')}>
    ${metricsMenu(state, effects)} ${runsMenu(state, effects)}
    <label class="smoothing"
      >${t('Smoothing')}
      <input
        id="smoothing"
        type="range"
        min="0"
        max="0.98"
        step="0.02"
        .value=${String(smoothing)}
        @input=${(event: Event) => {
          act({ kind: 'curves', curves: { smoothing: Number((event.target as HTMLInputElement).value) } });
        }}
      />
    </label>
    ${checkbox('log-scale', t('Log scale'), log, (on) => {
      act({ kind: 'curves', curves: { log: on } });
    })}
    ${legend(state, effects)}
  </div>`;
}

function metricsMenu(state: PanelState, { act }: Effects): TemplateResult {
  return menu('metrics', t('Metrics'), state.menu === 'metrics' ? metricItems(state, act) : null, (isOpen) => {
    act({ kind: 'menu', menu: 'metrics', isOpen });
  });
}

function metricItems(state: PanelState, act: Effects['act']): TemplateResult[] {
  const { metrics } = state.curves;
  return metricNames(state).map((metric) =>
    checkbox(`metric-${metric}`, metricLabel(metric).title, metrics.includes(metric), (on) => {
      const others = metrics.filter((name) => name !== metric);
      act({ kind: 'curves', curves: { metrics: on ? [...others, metric] : others } });
    }),
  );
}

/** Other runs of the folder, listed anew each time the menu opens. */
function runsMenu(state: PanelState, effects: Effects): TemplateResult {
  return menu('runs', t('Compare Runs'), state.menu === 'runs' ? runItems(state, effects) : null, (isOpen) => {
    effects.act({ kind: 'menu', menu: 'runs', isOpen });
    if (isOpen) effects.send({ kind: 'list-runs' });
  });
}

function runItems({ runs, overlays }: PanelState, effects: Effects): TemplateResult[] {
  if (!runs || runs.length === 0) {
    const empty = runs === null ? t('Looking for runs…') : t('There is no other run in the runs folder.');
    return [html`<p class="empty">${empty}</p>`];
  }
  return runs.map(({ name, step, totalSteps, state, dir }, i) =>
    checkbox(`run-${i}`, `${name} (${step}/${totalSteps}, ${STATE_NAMES[state]})`, overlays.includes(dir), (on) => {
      const others = overlays.filter((overlaid) => overlaid !== dir);
      overlay(on ? [...others, dir] : others, effects);
    }),
  );
}

function overlay(dirs: readonly string[], { act, send }: Effects): void {
  act({ kind: 'overlays', dirs });
  send({ kind: 'overlay', dirs });
}

/** Which line is which run, and what the signs mean. */
function legend(state: PanelState, effects: Effects): TemplateResult {
  const { overlays, others, marks, discarded, info } = state;
  const kinds = (Object.keys(MARKS) as MarkKind[]).filter((kind) => marks.some((mark) => mark.kind === kind));
  return html`<ul class="legend" aria-label=${t('Legend')}>
    ${overlays.length > 0 ? html`<li><span class="swatch run-0" aria-hidden="true"></span>${info?.name}</li>` : nothing}
    ${overlays.map(
      (dir, i) =>
        html`<li>
          <span class="swatch run-${(i % 5) + 1}" aria-hidden="true"></span>${others.get(dir)?.info.name ?? '…'}
          <button
            class="plain"
            aria-label=${t('Take {0} off the curves', others.get(dir)?.info.name ?? dir)}
            @click=${() => {
              overlay(
                overlays.filter((other) => other !== dir),
                effects,
              );
            }}
          >
            ×
          </button>
        </li>`,
    )}
    ${discarded.length > 0 ? html`<li><span class="swatch taken-back" aria-hidden="true"></span>${t('Taken back')}</li>` : nothing}
    ${kinds.map((kind) => html`<li><span class="mark-${kind}" aria-hidden="true">${MARKS[kind].sign}</span> ${MARKS[kind].title}</li>`)}
  </ul>`;
}

function figure(metric: string, steps: readonly StepPoint[]): TemplateResult {
  return html`<figure>
    <figcaption>
      ${metricLabel(metric).title}
      <span class="value" id="value-${metric}" .textContent=${valueAt(metric, steps.at(-1))}></span>
    </figcaption>
    <div class="curve" id="curve-${metric}" role="img" aria-label=${description(metric, steps)}></div>
  </figure>`;
}

export function valueAt(metric: string, point: StepPoint | undefined): string {
  return metricText(metric, point && inUnit(metric, point.metrics[metric]));
}

/** What a screen reader says in place of the picture. */
function description(metric: string, steps: readonly StepPoint[]): string {
  const { title } = metricLabel(metric);
  if (steps.length === 0) return t('{0}: no step yet', title);
  return t(
    '{0} over {1} steps: from {2} to {3}',
    title,
    steps.length,
    valueAt(metric, steps[0]),
    valueAt(metric, steps.at(-1)),
  );
}
