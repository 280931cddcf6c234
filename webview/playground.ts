/** @file The playground from top to bottom: a query, and beside its own list those of the checkpoints' rewrites. */
import { html, nothing, svg, type TemplateResult } from 'lit';
import { t } from './l10n.ts';
import type { FromPlayground, NamedPolicy, RewriteAnswer } from './playground-protocol.ts';
import { asTyped, type PlaygroundAction, type PlaygroundState, type Reply, replyOf } from './playground-state.ts';
import { decimal } from './numbers.ts';
import { movesBetween } from './ranking.ts';
import { gradeOf, rankingView, stars } from './rankings.ts';

/** Two sheets, in the text's colour. */
const COPY_ICON = html`<svg
  width="14"
  height="14"
  viewBox="0 0 14 14"
  fill="none"
  stroke="currentcolor"
  aria-hidden="true"
>
  ${svg`<rect x="4.5" y="4.5" width="8" height="8" rx="1" /><path d="M2.5 9.5h-1v-8h8v1" />`}
</svg>`;

export interface PlaygroundEffects {
  readonly act: (action: PlaygroundAction) => void;
  readonly send: (message: FromPlayground) => void;
  /** Sends the query in the field off; `another` draws a rewrite instead of taking the likeliest. */
  readonly ask: (another: boolean) => void;
}

export function playgroundView(state: PlaygroundState, effects: PlaygroundEffects): TemplateResult {
  return html`
    <header class="playground-header">
      <h1>${t('Try a query')}</h1>
      ${formView(state, effects)}
      <p class="note" role="status">${statusOf(state)}</p>
    </header>
    <div class="columns">
      ${baselineView(state)} ${state.policies.map((policy) => policyView(policy, state, effects))}
    </div>
  `;
}

function formView({ query, policies }: PlaygroundState, { act, ask, send }: PlaygroundEffects): TemplateResult {
  const isReady = query.trim() !== '' && policies.length > 0;
  const sendOff = (another: boolean): void => {
    if (isReady) ask(another);
  };
  return html`<form
    class="toolbar"
    @submit=${(event: Event) => {
      event.preventDefault();
      sendOff(false);
    }}
  >
    <input
      id="query"
      type="text"
      aria-label=${t('Query')}
      placeholder=${t('Type what a shopper would, such as: something for my back when I sit all day')}
      .value=${query}
      @input=${(event: Event) => {
        act({ kind: 'type', query: (event.target as HTMLInputElement).value });
      }}
    />
    <vscode-button
      ?disabled=${!isReady}
      @click=${() => {
        sendOff(false);
      }}
      >${t('Rewrite query')}</vscode-button
    >
    <vscode-button
      appearance="secondary"
      ?disabled=${!isReady}
      @click=${() => {
        sendOff(true);
      }}
      >${t('Another sample')}</vscode-button
    >
    <vscode-button
      appearance="secondary"
      @click=${() => {
        send({ kind: 'add' });
      }}
      >${t('Add checkpoint…')}</vscode-button
    >
  </form>`;
}

function statusOf(state: PlaygroundState): string {
  const { asked, policies } = state;
  if (policies.length === 0) return t('Add a checkpoint to see how it rewrites.');
  if (!asked) return t('Each checkpoint rewrites the query, and its run’s recommender ranks for both.');
  const waiting = policies.filter((policy) => replyOf(state, policy)?.kind === 'waiting').length;
  if (waiting > 0) return t('{0} of {1} rewrites are under way…', waiting, policies.length);
  return asked.sample === null ? t('The likeliest rewrites.') : t('Sample {0}.', asked.sample);
}

function baselineView(state: PlaygroundState): TemplateResult {
  const answer = asTyped(state);
  return html`<section class="column" aria-label=${t('As typed')}>
    <h2>${t('As typed')}</h2>
    <p class="rewrite">${answer?.query ?? state.asked?.query ?? nothing}</p>
    ${answer ? plainList(answer) : nothing}
  </section>`;
}

function plainList(answer: RewriteAnswer): TemplateResult {
  const grades = gradesOf(answer);
  if (answer.baselineHits.length === 0) return html`<p class="empty">${t('It found nothing.')}</p>`;
  return html`<ol class="ranking">
    ${answer.baselineHits.map(
      ({ id, title }) =>
        html`<li class=${gradeOf(id, grades) > 0 ? 'judged' : ''}>${stars(gradeOf(id, grades))} ${title || id}</li>`,
    )}
  </ol>`;
}

function policyView(policy: NamedPolicy, state: PlaygroundState, { send }: PlaygroundEffects): TemplateResult {
  const { run, checkpoint, task, runDir } = policy;
  const name = t('{0} of {1}', checkpoint, run);
  return html`<section class="column" aria-label=${name}>
    <h2>
      <span title=${t('{0}, trained on {1}', runDir, task)}>${checkpoint}</span>
      <vscode-button
        appearance="icon"
        aria-label=${t('Remove {0}', name)}
        title=${t('Remove')}
        @click=${() => {
          send({ kind: 'remove', policy: { runDir, checkpoint } });
        }}
        >×</vscode-button
      >
    </h2>
    <p class="note run">${run}</p>
    ${replyView(replyOf(state, policy), send)}
  </section>`;
}

/** What came of it stands in one element that stays, so that a screen reader says the rewrite when it is there. */
function replyView(reply: Reply | null, send: PlaygroundEffects['send']): TemplateResult {
  const answer = reply?.kind === 'done' ? reply.answer : null;
  const rewrite = answer?.rewrite ?? null;
  const isFailure = rewrite === null && (reply?.kind === 'failed' || reply?.kind === 'done');
  return html`<p class=${isFailure ? 'failure' : 'rewrite'}>
      <span role="status">${replyText(reply)}</span>
      ${reply?.kind === 'waiting' ? html`<vscode-progress-ring aria-label=${t('Rewriting…')}></vscode-progress-ring>` : nothing}
      ${rewrite === null ? nothing : copyButton(rewrite, send)}
    </p>
    ${answer ? answerView(answer) : nothing}`;
}

function replyText(reply: Reply | null): string {
  switch (reply?.kind) {
    case undefined:
    case 'waiting':
      return '';
    case 'failed':
      return reply.message;
    case 'done':
      return reply.answer.rewrite ?? t('The answer is malformed: {0}.', reply.answer.format);
  }
}

function copyButton(rewrite: string, send: PlaygroundEffects['send']): TemplateResult {
  return html`<vscode-button
    appearance="icon"
    aria-label=${t('Copy this rewrite')}
    title=${t('Copy')}
    @click=${() => {
      send({ kind: 'copy', text: rewrite });
    }}
    >${COPY_ICON}</vscode-button
  >`;
}

function answerView(answer: RewriteAnswer): TemplateResult {
  const { rewrite, completion, hits, baselineHits } = answer;
  if (rewrite === null) return html`<pre tabindex="0">${completion}</pre>`;
  const moves = movesBetween(
    baselineHits.map(({ id }) => id),
    hits.map(({ id }) => id),
  );
  return html`${answer.judged ? judgedView(answer.judged) : nothing}
  ${rankingView(moves, gradesOf(answer), titlesOf(answer))}`;
}

function judgedView({ metric, original, rewrite }: NonNullable<RewriteAnswer['judged']>): TemplateResult {
  const gained = rewrite > original ? 'up' : rewrite < original ? 'down' : 'same';
  return html`<p class=${gained}>
    ${t('{0}: {1} as typed, {2} rewritten', metric.toUpperCase(), decimal(original), decimal(rewrite))}
  </p>`;
}

function titlesOf({ hits, baselineHits }: RewriteAnswer): Readonly<Record<string, string>> {
  return Object.fromEntries([...baselineHits, ...hits].map(({ id, title }) => [id, title]));
}

function gradesOf({ judged }: RewriteAnswer): Readonly<Record<string, number>> {
  return judged?.grades ?? {};
}
