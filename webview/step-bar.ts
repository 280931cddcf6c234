/** @file The step that everything below shows: curves mark it, rollouts and checkpoints follow it. */
import { html, nothing, svg, type TemplateResult } from 'lit';
import { rich, t } from './l10n.ts';
import { markTexts } from './marks.ts';
import type { Effects } from './panel.ts';
import type { CheckpointEntry } from './protocol.ts';
import { type PanelState, wantedStep } from './state.ts';

export function stepBar(state: PanelState, { act }: Effects): TemplateResult | typeof nothing {
  const step = wantedStep(state);
  if (step === null) return nothing;
  const first = state.steps[0].step;
  const last = state.steps.at(-1)!.step;
  const choose = (to: number | undefined): void => {
    if (to !== undefined) act({ kind: 'choose-step', step: Math.max(first, Math.min(last, to)) });
  };
  const saved = state.checkpoints.filter((checkpoint) => checkpoint.step >= first);
  const before = saved.findLast((checkpoint) => checkpoint.step < step)?.step;
  const after = saved.find((checkpoint) => checkpoint.step > step)?.step;
  const button = (label: string, sign: string, to: number | undefined): TemplateResult =>
    html`<vscode-button
      appearance="icon"
      aria-label=${label}
      title=${label}
      ?disabled=${to === undefined || to < first || to > last}
      @click=${() => {
        choose(to);
      }}
      >${sign}</vscode-button
    >`;
  return html`<div class="step-bar" role="group" aria-label=${t('Step')}>
    ${button(t('Checkpoint before'), '◆‹', before)} ${button(t('Step before'), '‹', step - 1)}
    <div class="slider">
      <input
        id="step-slider"
        type="range"
        aria-label=${t('Step that is shown')}
        aria-valuetext=${`${t('Step {0}', step)}. ${placeText(state, step)}`}
        min=${first}
        max=${last}
        .value=${String(step)}
        @input=${(event: Event) => {
          choose(Number((event.target as HTMLInputElement).value));
        }}
      />
      ${ticks(saved, first, last)}
    </div>
    ${button(t('Step after'), '›', step + 1)} ${button(t('Checkpoint after'), '›◆', after)}
    <span>${rich('Step {0}', html`<b id="shown-step">${step}</b>`)}</span>
    <span class="place" id="shown-place" title=${placeText(state, step)}>${placeText(state, step)}</span>
    <vscode-button
      id="newest"
      appearance="secondary"
      ?disabled=${state.chosenStep === null}
      @click=${() => {
        act({ kind: 'choose-step', step: null });
      }}
      >${t('Follow Newest')}</vscode-button
    >
  </div>`;
}

/** What happened at the step, else the checkpoint that it came from. */
function placeText({ marks, checkpoints }: PanelState, step: number): string {
  const here = markTexts(marks, step);
  if (here.length > 0) return here.join(' · ');
  const from = checkpoints.findLast((checkpoint) => checkpoint.step < step);
  return from ? t('{0} after {1}', step - from.step, from.name) : '';
}

function ticks(checkpoints: readonly CheckpointEntry[], first: number, last: number): TemplateResult {
  const width = Math.max(1, last - first);
  return html`<svg class="ticks" viewBox="0 0 ${width} 4" preserveAspectRatio="none" aria-hidden="true">
    ${checkpoints.map(({ step }) => svg`<line x1=${step - first} x2=${step - first} y1="0" y2="4" />`)}
  </svg>`;
}
