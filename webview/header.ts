/** @file Name, state, what one may do about it, and the figures of the newest step. */
import { html, nothing, type TemplateResult } from 'lit';
import { bytes, decimal, duration } from './numbers.ts';
import type { Effects } from './panel.ts';
import type { Metrics, RunState } from './protocol.ts';
import { activity, newestMetrics, secondsLeft, type PanelState } from './state.ts';

const STATES: Readonly<Record<RunState | 'starting', string>> = {
  starting: 'Starting',
  running: 'Running',
  paused: 'Paused',
  stopped: 'Stopped',
  finished: 'Finished',
  failed: 'Failed',
};

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
        }${STATES[shown]}
      </span>
      <div class="buttons" role="toolbar" aria-label="Training">${buttons(info?.state, effects)}</div>
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
    ${state === 'running' ? button('pause', 'Pause', true) : button('resume', 'Resume', state !== 'finished')}
    ${button('stop', 'Stop', live)}
  `;
}

function progressView(state: PanelState): TemplateResult {
  const { step, totalSteps } = state.info!;
  const left = secondsLeft(state);
  return html`<div class="progress">
    <progress id="progress" max=${totalSteps} .value=${step} aria-label="Finished steps"></progress>
    <span>Step <b id="step">${step}</b> of ${totalSteps}</span>
    ${left === null ? nothing : html`<span><b id="left">${duration(left)}</b> left</span>`}
  </div>`;
}

/** Why groups have equal rewards, as far as the run has recorded it. */
function noSignalTitle(metrics: Metrics | undefined, percent: (share: number | undefined) => string): string {
  const about = 'Share of groups with equal rewards: they teach nothing';
  if (metrics?.allMissed === undefined) return about;
  const { allRight, allMissed, allMalformed, allEqual } = metrics;
  return `${about}. All right ${percent(allRight)}, all missed ${percent(allMissed)}, all in a wrong format ${percent(allMalformed)}, all the same or equal ${percent(allEqual)}`;
}

/** The figures that one glances at, each with an id that a test or a style can find. */
function figuresView(state: PanelState): TemplateResult {
  const metrics = newestMetrics(state);
  const figure = (id: string, label: string, value: string, title: string): TemplateResult =>
    html`<div class="figure" title=${title}>
      <dt>${label}</dt>
      <dd id=${id}>${value}</dd>
    </div>`;
  const percent = (share: number | undefined): string => (share === undefined ? '–' : `${Math.round(share * 100)} %`);
  return html`<dl class="figures" aria-label="Newest step">
    ${figure('reward', 'Reward', decimal(metrics?.reward), 'Mean over the rollouts of the newest step')}
    ${figure('ndcg', 'NDCG', decimal(metrics?.ndcg), 'Mean NDCG of the rewrites of the newest step')}
    ${figure('kl', 'KL', decimal(metrics?.kl, 4), 'k3 estimate of the divergence from the start policy, per token')}
    ${figure('entropy', 'Entropy', decimal(metrics?.entropy), 'Nats per sampled token')}
    ${figure('length', 'Length', decimal(metrics?.length, 1), 'Tokens per completion')}
    ${figure('format', 'Right format', percent(metrics?.formatOk), 'Share of completions in the right format')}
    ${figure('zero-variance', 'No signal', percent(metrics?.zeroVariance), noSignalTitle(metrics, percent))}
    ${figure('memory', 'Memory', metrics?.memoryBytes === undefined ? '–' : bytes(metrics.memoryBytes), 'Resident memory of the process that trains')}
    ${figure('tokens-per-second', 'Tokens/s', decimal(metrics?.tokensPerSecond, 0), 'Sampled tokens per second')}
  </dl>`;
}
