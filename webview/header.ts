/** @file Name, state, what one may do about it, and the figures of the newest step. */
import { html, nothing, type TemplateResult } from 'lit';
import { rich, t } from './l10n.ts';
import { bytes, decimal, duration } from './numbers.ts';
import type { Effects } from './panel.ts';
import type { Metrics, RunState } from './protocol.ts';
import { STATE_TITLES } from './state-names.ts';
import { activity, newestMetrics, secondsLeft, type PanelState } from './state.ts';

export function headerView(state: PanelState, effects: Effects): TemplateResult {
  const { info } = state;
  const doing = activity(state);
  const shown = info?.state ?? (state.problem ? 'failed' : 'starting');
  return html`<header>
    <div class="title">
      <h1>${info?.name ?? state.fallbackName}</h1>
      <span class="state state-${shown}" id="state" role="status" aria-live="polite">
        ${
          shown === 'running' || shown === 'starting'
            ? html`<vscode-progress-ring aria-hidden="true"></vscode-progress-ring>`
            : nothing
        }${STATE_TITLES[shown]}
      </span>
      <div class="buttons" role="toolbar" aria-label=${t('Training')}>${buttons(info?.state, effects)}</div>
    </div>
    ${info ? progressView(state) : nothing}
    ${doing === null ? nothing : html`<p class="empty" id="activity">${doing} ${info?.message}</p>`}
    ${state.steps.length > 0 ? figuresView(state) : nothing}
  </header>`;
}

function buttons(state: RunState | undefined, { send }: Effects): TemplateResult | typeof nothing {
  if (!state) return nothing;
  const button = (action: 'pause' | 'resume' | 'stop', label: string, enabled: boolean): TemplateResult =>
    html`<vscode-button
      id=${action}
      aria-label=${label}
      appearance=${action === 'stop' ? 'secondary' : 'primary'}
      ?disabled=${!enabled}
      @click=${() => {
        send({ kind: 'control', action });
      }}
      >${label}</vscode-button
    >`;
  const live = state === 'running' || state === 'paused';
  return html`
    ${state === 'running' ? button('pause', t('Pause'), true) : button('resume', t('Resume'), state !== 'finished')}
    ${button('stop', t('Stop'), live)}
  `;
}

function progressView(state: PanelState): TemplateResult {
  const { step, totalSteps } = state.info!;
  const left = secondsLeft(state);
  return html`<div class="progress">
    <progress id="progress" max=${totalSteps} .value=${step} aria-label=${t('Finished steps')}></progress>
    <span>${rich('Step {0} of {1}', html`<b id="step">${step}</b>`, totalSteps)}</span>
    ${left === null ? nothing : html`<span>${rich('{0} left', html`<b id="left">${duration(left)}</b>`)}</span>`}
  </div>`;
}

/** Why groups have equal rewards, as far as the run has recorded it. */
function noSignalTitle(metrics: Metrics | undefined, percent: (share: number | undefined) => string): string {
  const about = t('Share of groups with equal rewards: they teach nothing');
  if (metrics?.allMissed === undefined) return about;
  const { allRight, allMissed, allMalformed, allEqual } = metrics;
  const shares = [allRight, allMissed, allMalformed, allEqual].map(percent);
  const causes = t('All right {0}, all missed {1}, all in a wrong format {2}, all the same or equal {3}', ...shares);
  return `${about}. ${causes}`;
}

/** The figures that one glances at, each with an id that a test or a style can find. */
function figuresView(state: PanelState): TemplateResult {
  const metrics = newestMetrics(state);
  const figure = (id: string, label: string, value: string, title: string): TemplateResult =>
    html`<div class="figure" title=${title}>
      <dt>${label}</dt>
      <dd id=${id}>${value}</dd>
    </div>`;
  const percent = (share: number | undefined): string =>
    Number.isFinite(share) ? `${Math.round(share! * 100)} %` : '–';
  return html`<dl class="figures" aria-label=${t('Newest step')}>
    ${figure('reward', t('Reward'), decimal(metrics?.reward), t('Mean over the rollouts of the newest step'))}
    ${figure('ndcg', 'NDCG', decimal(metrics?.ndcg), t('Mean NDCG of the rewrites of the newest step'))}
    ${figure('kl', 'KL', decimal(metrics?.kl, 4), t('k3 estimate of the divergence from the start policy, per token'))}
    ${figure('entropy', t('Entropy'), decimal(metrics?.entropy), t('Nats per sampled token'))}
    ${figure('length', t('Length'), decimal(metrics?.length, 1), t('Tokens per completion'))}
    ${figure('format', t('Right format'), percent(metrics?.formatOk), t('Share of completions in the right format'))}
    ${figure('zero-variance', t('No signal'), percent(metrics?.zeroVariance), noSignalTitle(metrics, percent))}
    ${figure('memory', t('Memory'), metrics?.memoryBytes === undefined ? '–' : bytes(metrics.memoryBytes), t('Resident memory of the process that trains'))}
    ${figure('tokens-per-second', t('Tokens/s'), decimal(metrics?.tokensPerSecond, 0), t('Sampled tokens per second'))}
  </dl>`;
}
