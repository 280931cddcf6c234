/** @file Ranked lists on screen: a line that says what moved, and the whole list with arrows and grades. */
import { html, nothing, type TemplateResult } from 'lit';
import { t } from './l10n.ts';
import type { Move } from './ranking.ts';

type Grades = Readonly<Record<string, number>>;
type Titles = Readonly<Record<string, string>>;

/** The judged documents that moved, as one line: `▲ 7 → 1 ★3 Trail Shoe`. */
export function movedText(moves: readonly Move[], grades: Grades, titles: Titles): TemplateResult | string {
  if (moves.length === 0) return t('no judged item');
  const [first, ...others] = moves;
  return html`<span title=${moves.map((move) => sentence(move, grades, titles)).join('\n')}
    >${arrow(first)} <span class="places">${journey(first)}</span> ${stars(grades[first.id])}
    ${titleOf(first.id, titles)}${others.length > 0 ? html` <span class="more">${t('and {0} more', others.length)}</span>` : nothing}</span
  >`;
}

/** The list after the rewrite, each item with where it came from, then what left. */
export function rankingView(moves: readonly Move[], grades: Grades, titles: Titles): TemplateResult {
  const shown = moves.filter(({ to }) => to !== null);
  const left = moves.filter(({ to }) => to === null);
  return html`<div>
    <h3>${t('Top {0} of this rewrite', shown.length)}</h3>
    ${shown.length === 0 ? html`<p class="empty">${t('It found nothing.')}</p>` : nothing}
    <ol class="ranking">
      ${shown.map((move) => item(move, grades, titles))}
    </ol>
    ${
      left.length > 0
        ? html`<h3>${t('Left the list')}</h3>
            <ul class="ranking left">
              ${left.map((move) => item(move, grades, titles))}
            </ul>`
        : nothing
    }
  </div>`;
}

function item(move: Move, grades: Grades, titles: Titles): TemplateResult {
  const grade = gradeOf(move.id, grades);
  return html`<li class=${grade > 0 ? 'judged' : ''} aria-label=${sentence(move, grades, titles)}>
    ${arrow(move)} ${stars(grade)} ${titleOf(move.id, titles)} <span class="places">${journey(move)}</span>
  </li>`;
}

function arrow({ from, to, places }: Move): TemplateResult {
  if (to === null) return html`<span class="down" aria-hidden="true">×</span>`;
  if (from === null) return html`<span class="up" aria-hidden="true">+</span>`;
  if (places === 0) return html`<span class="same" aria-hidden="true">=</span>`;
  return places! > 0
    ? html`<span class="up" aria-hidden="true">▲</span>`
    : html`<span class="down" aria-hidden="true">▼</span>`;
}

function journey({ from, to, places }: Move): string {
  if (places === 0) return '';
  if (from === null) return t('new at {0}', to!);
  return to === null ? t('was {0}', from) : `${from} → ${to}`;
}

export function stars(grade: number): TemplateResult | typeof nothing {
  return grade > 0 ? html`<span class="grade" aria-hidden="true">★${grade}</span>` : nothing;
}

function sentence(move: Move, grades: Grades, titles: Titles): string {
  const grade = gradeOf(move.id, grades);
  const judged = grade > 0 ? t('grade {0}', grade) : t('not judged relevant');
  return [titleOf(move.id, titles), judged, journey(move) || t('stays at {0}', move.to!)].join(', ');
}

export function titleOf(id: string, titles: Titles): string {
  return Object.hasOwn(titles, id) ? titles[id] : id;
}

export function gradeOf(id: string, grades: Grades): number {
  return Object.hasOwn(grades, id) ? grades[id] : 0;
}
