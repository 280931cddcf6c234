/** @file The step that everything below shows: curves mark it, rollouts and checkpoints follow it. */
import { html, nothing, svg, type TemplateResult } from 'lit';
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
  return html`<div class="step-bar" role="group" aria-label="Step">
    ${button('Checkpoint before', '◆‹', before)} ${button('Step before', '‹', step - 1)}
    <div class="slider">
      <input
        id="step-slider"
        type="range"
        aria-label="Step that is shown"
        aria-valuetext=${`Step ${step}. ${placeText(state, step)}`}
        min=${first}
        max=${last}
        .value=${String(step)}
        @input=${(event: Event) => {
          choose(Number((event.target as HTMLInputElement).value));
        }}
      />
      ${ticks(saved, first, last)}
    </div>
    ${button('Step after', '›', step + 1)} ${button('Checkpoint after', '›◆', after)}
    <span>Step <b id="shown-step">${step}</b></span>
    <span class="place" id="shown-place" title=${placeText(state, step)}>${placeText(state, step)}</span>
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

/** What happened at the step, else the checkpoint that it came from. */
function placeText({ marks, checkpoints }: PanelState, step: number): string {
  const here = markTexts(marks, step);
  if (here.length > 0) return here.join(' · ');
  const from = checkpoints.findLast((checkpoint) => checkpoint.step < step);
  return from ? `${step - from.step} after ${from.name}` : '';
}

function ticks(checkpoints: readonly CheckpointEntry[], first: number, last: number): TemplateResult {
  const width = Math.max(1, last - first);
  return html`<svg class="ticks" viewBox="0 0 ${width} 4" preserveAspectRatio="none" aria-hidden="true">
    ${checkpoints.map(({ step }) => svg`<line x1=${step - first} x2=${step - first} y1="0" y2="4" />`)}
  </svg>`;
}
