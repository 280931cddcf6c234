/** @file The playground from top to bottom: a query, and beside its own list those of the checkpoints' rewrites. */
import { html, nothing, type TemplateResult } from 'lit';
import { t } from './l10n.ts';
import type { FromPlayground, NamedPolicy, RewriteAnswer } from './playground-protocol.ts';
import { asTyped, type PlaygroundAction, type PlaygroundState, type Reply, replyOf } from './playground-state.ts';
import { movesBetween } from './ranking.ts';
import { rankingView } from './rankings.ts';

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
  return html`<form
    class="toolbar"
    @submit=${(event: Event) => {
      event.preventDefault();
      if (isReady) ask(false);
    }}
  >
    <input
      id="query"
      type="text"
      autofocus
      aria-label=${t('Query')}
      placeholder=${t('Type what a shopper would, such as: something for my back when I sit all day')}
      .value=${query}
      @input=${(event: Event) => {
        act({ kind: 'type', query: (event.target as HTMLInputElement).value });
      }}
    />
    <vscode-button type="submit" ?disabled=${!isReady} @click=${() => (isReady ? ask(false) : undefined)}
      >${t('Rewrite')}</vscode-button
    >
    <vscode-button appearance="secondary" ?disabled=${!isReady} @click=${() => (isReady ? ask(true) : undefined)}
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
  const ids = answer?.baselineHits.map(({ id }) => id) ?? [];
  return html`<section class="column" aria-label=${t('As typed')}>
    <h2>${t('As typed')}</h2>
    <p class="rewrite">${answer?.query ?? state.asked?.query ?? nothing}</p>
    ${answer ? rankingView(movesBetween(ids, ids), gradesOf(answer), titlesOf(answer)) : nothing}
  </section>`;
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

function replyView(reply: Reply | null, send: PlaygroundEffects['send']): TemplateResult | typeof nothing {
  switch (reply?.kind) {
    case undefined:
      return nothing;
    case 'waiting':
      return html`<vscode-progress-ring aria-label=${t('Rewriting…')}></vscode-progress-ring>`;
    case 'failed':
      return html`<p class="failure" role="alert">${reply.message}</p>`;
    case 'done':
      return answerView(reply.answer, send);
  }
}

function answerView(answer: RewriteAnswer, send: PlaygroundEffects['send']): TemplateResult {
  const { rewrite, format, completion, hits, baselineHits } = answer;
  if (rewrite === null) {
    return html`<p class="failure">${t('The answer is malformed: {0}.', format)}</p>
      <pre tabindex="0">${completion}</pre>`;
  }
  const moves = movesBetween(
    baselineHits.map(({ id }) => id),
    hits.map(({ id }) => id),
  );
  return html`<p class="rewrite">
      ${rewrite}
      <vscode-button
        appearance="icon"
        aria-label=${t('Copy this rewrite')}
        title=${t('Copy')}
        @click=${() => {
          send({ kind: 'copy', text: rewrite });
        }}
        >⧉</vscode-button
      >
    </p>
    ${rankingView(moves, gradesOf(answer), titlesOf(answer))}`;
}

function titlesOf({ hits, baselineHits }: RewriteAnswer): Readonly<Record<string, string>> {
  return Object.fromEntries([...baselineHits, ...hits].map(({ id, title }) => [id, title]));
}

function gradesOf({ judged }: RewriteAnswer): Readonly<Record<string, number>> {
  return judged?.grades ?? {};
}
