/**
 * @file Two ranked lists for one need, side by side: what moved, entered or left, what is judged, and for the document that is
 * looked at what each term adds to its score. Of a rewrite against its query, or of any two rewrites.
 */
import { html, nothing, svg, type TemplateResult } from 'lit';
import { documentCard } from './document-card.ts';
import { idealOrder, reachableNdcg } from './ideal.ts';
import { t } from './l10n.ts';
import { documentView } from './looked-at.ts';
import { decimal, signed } from './numbers.ts';
import type { Effects } from './panel.ts';
import type { QueryPair, RankedText, RankingContext } from './protocol.ts';
import { type Move, movesBetween } from './ranking.ts';
import { gradeOf, stars, titleOf } from './rankings.ts';
import { type ExplanationState, type KnownDocument, pairKey, type PanelState } from './state.ts';

export interface RankedSide {
  /** Such as `Original query`, or a checkpoint's name. */
  readonly label: string;
  /** What was searched; null when there was nothing to search. */
  readonly query: string | null;
  /** Ids of the best documents. */
  readonly top: readonly string[];
  readonly ndcg: number;
}

export interface RetrievalDiff {
  readonly exampleId: string;
  /** The metric of both sides, such as `NDCG@10`. */
  readonly metric: string;
  readonly before: RankedSide;
  readonly after: RankedSide;
}

/** Of a row, in pixels; the style sheet has the same. */
const ROW = 24;
const LINES_WIDTH = 72;

export function retrievalDiffView(
  diff: RetrievalDiff,
  context: RankingContext,
  state: PanelState,
  effects: Effects,
): TemplateResult {
  const { exampleId, before, after } = diff;
  const grades = Object.hasOwn(context.grades, exampleId) ? context.grades[exampleId] : {};
  const moves = movesBetween(before.top, after.top);
  const pair: QueryPair = { exampleId, original: before.query ?? '', rewrite: after.query ?? '' };
  const explained = state.explanations.get(pairKey(pair));
  const list = (side: 'before' | 'after'): TemplateResult =>
    listView(diff, side, {
      moves,
      grades,
      context,
      looked: state.document,
      documents: state.documents,
      name: (id) => `card-${side}-${pairKey(pair)}-${id}`.replaceAll(/\s/g, '_'), // an idref holds no space
      effects,
    });
  const wantDocuments = (): void => {
    effects.act({ kind: 'want-documents', ids: [...before.top, ...after.top] });
  };
  return html`<div class="diff" role="group" aria-label=${t('What the search found')}>
    <div class="lists" @pointerenter=${wantDocuments} @focusin=${wantDocuments}>
      ${list('before')} ${linesView(moves, grades, state.document, Math.max(before.top.length, after.top.length))}
      ${list('after')}
    </div>
    <div class="actions">
      ${
        explained
          ? nothing
          : html`<vscode-button
              class="explain"
              appearance="secondary"
              @click=${() => {
                effects.act({ kind: 'explaining', pair });
                effects.send({ kind: 'explain', pair });
              }}
              >${t('Explain Scores')}</vscode-button
            >`
      }
      <vscode-button
        class="open-diff"
        appearance="secondary"
        @click=${() => {
          const text = (side: RankedSide): RankedText => rankedText(side, grades, context);
          effects.send({ kind: 'open-diff', before: text(before), after: text(after) });
        }}
        >${t('Open in Diff Editor')}</vscode-button
      >
      ${idealView(diff, grades, context, explained)}
    </div>
    ${documentView(state.document ?? after.top.at(0) ?? null, explained, grades, context)}
  </div>`;
}

interface ListContext {
  readonly moves: readonly Move[];
  readonly grades: Readonly<Record<string, number>>;
  readonly context: RankingContext;
  readonly looked: string | null;
  readonly documents: ReadonlyMap<string, KnownDocument>;
  /** Of the card of a document. */
  readonly name: (id: string) => string;
  readonly effects: Effects;
}

function listView(diff: RetrievalDiff, side: 'before' | 'after', list: ListContext): TemplateResult {
  const { label, query, top, ndcg } = diff[side];
  const change = side === 'after' ? ndcg - diff.before.ndcg : NaN;
  const moves = new Map(list.moves.map((move) => [move.id, move]));
  return html`<div class="list ${side}">
    <div class="side">
      <h3>${label}</h3>
      <span class="number"
        >${diff.metric}
        <b>${decimal(ndcg)}</b>
        ${Number.isNaN(change) ? nothing : html`<span class="change ${change > 0 ? 'up' : change < 0 ? 'down' : ''}">${signed(change)}</span>`}</span
      >
      <p class="query" title=${query ?? ''}>${query ?? html`<i>${t('nothing was searched')}</i>`}</p>
    </div>
    ${top.length === 0 ? html`<p class="empty">${t('It found nothing.')}</p>` : nothing}
    <ol aria-label=${label}>
      ${top.map((id, i) => hitView(moves.get(id)!, i + 1, side, list))}
    </ol>
  </div>`;
}

/** A button, so that the keyboard reaches it: looking at a document shows it in both lists. */
function hitView(move: Move, rank: number, side: 'before' | 'after', list: ListContext): TemplateResult {
  const { grades, context, looked, documents, name, effects } = list;
  const { id } = move;
  const grade = gradeOf(id, grades);
  const fate = side === 'before' ? fateBefore(move) : fateAfter(move);
  return html`<li>
    <button
      class="hit ${grade > 0 ? 'judged' : ''}"
      aria-pressed=${id === looked}
      aria-label="${rank}. ${titleOf(id, context.titles)}, ${grade > 0 ? t('grade {0}', grade) : t('not judged')}, ${fate.words}"
      aria-describedby=${name(id)}
      @click=${() => {
        effects.act({ kind: 'look-at', document: id === looked ? null : id });
      }}
    >
      <span class="rank">${rank}</span>
      ${grade > 0 ? stars(grade) : html`<span class="unjudged" aria-hidden="true">?</span>`}
      <span class="name">${titleOf(id, context.titles)}</span>
      <span class="fate ${fate.tone}" aria-hidden="true">${fate.sign}</span>
    </button>
    ${documentCard(name(id), id, grade, context, documents.get(id))}
  </li>`;
}

interface Fate {
  readonly sign: string;
  readonly words: string;
  readonly tone: 'up' | 'down' | 'same';
}

function fateBefore({ to }: Move): Fate {
  return to === null
    ? { sign: t('left'), words: t('left the list'), tone: 'down' }
    : { sign: '', words: t('goes to {0}', to), tone: 'same' };
}

function fateAfter({ from, places }: Move): Fate {
  if (from === null || places === null) return { sign: t('new'), words: t('new in the list'), tone: 'up' };
  if (places === 0) return { sign: '=', words: t('stays'), tone: 'same' };
  return places > 0
    ? { sign: `▲${places}`, words: t('up from {0}', from), tone: 'up' }
    : { sign: `▼${-places}`, words: t('down from {0}', from), tone: 'down' };
}

/** From each place to its new one. */
function linesView(
  moves: readonly Move[],
  grades: Readonly<Record<string, number>>,
  looked: string | null,
  rows: number,
): TemplateResult {
  const middle = (place: number): number => (place - 0.5) * ROW;
  const lines = moves.flatMap(({ id, from, to, places }) => {
    if (from === null || to === null || places === null) return [];
    const tone = places > 0 ? 'up' : places < 0 ? 'down' : 'same';
    const classes = `${tone} ${gradeOf(id, grades) > 0 ? 'judged' : ''} ${id === looked ? 'looked-at' : ''}`;
    return [svg`<line class=${classes} x1="0" y1=${middle(from)} x2=${LINES_WIDTH} y2=${middle(to)} />`];
  });
  const height = Math.max(1, rows) * ROW;
  return html`<svg
    class="lines"
    width=${LINES_WIDTH}
    height=${height}
    viewBox="0 0 ${LINES_WIDTH} ${height}"
    aria-hidden="true"
  >
    ${lines}
  </svg>`;
}

/** What the best order would be, and how far a rewrite can get. */
function idealView(
  { metric, before, after }: RetrievalDiff,
  grades: Readonly<Record<string, number>>,
  { titles }: RankingContext,
  explained: ExplanationState | undefined,
): TemplateResult {
  const explanation = explained?.kind === 'done' ? explained.explanation : undefined;
  const unreachable = explanation?.unreachable ?? [];
  const place = (side: RankedSide, id: string): string => {
    const documents = side === before ? explanation?.before.documents : explanation?.after.documents;
    const known = documents?.find((document) => document.id === id);
    const shown = side.top.indexOf(id) + 1;
    if (shown > 0) return String(shown);
    return known ? String(known.rank ?? t('not found')) : t('below {0}', side.top.length);
  };
  const ceiling = reachableNdcg(grades, unreachable, cutoffOf(metric));
  return html`<details class="ideal">
    <summary>${t('Ideal order and ceiling: {0} {1}', metric, decimal(ceiling))}</summary>
    <ol>
      ${idealOrder(grades).map(
        ({ id, grade }) =>
          html`<li>
            ${stars(grade)} ${titleOf(id, titles)}
            <span class="places"
              >${place(before, id)} →
              ${place(after, id)}${unreachable.includes(id) ? `, ${t('out of reach')}` : ''}</span
            >
          </li>`,
      )}
    </ol>
  </details>`;
}

/** The cut-off in a metric's name; none counts all ranks. */
function cutoffOf(metric: string): number {
  const cutoff = Number(metric.split('@').at(1));
  return Number.isInteger(cutoff) ? cutoff : Infinity;
}

/** The line number is the rank, so that the editor's diff shows moves and nothing else. */
function rankedText(
  { label, query, top }: RankedSide,
  grades: Readonly<Record<string, number>>,
  { titles }: RankingContext,
): RankedText {
  const lines = top.map((id) => {
    const grade = gradeOf(id, grades);
    return `${titleOf(id, titles)}  [${id}]${grade > 0 ? `  ★${grade}` : ''}`;
  });
  return { title: query === null ? label : `${label}: ${query}`, lines };
}
