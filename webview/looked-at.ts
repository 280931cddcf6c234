/** @file The document that is looked at: its fields, and what each term adds to its score before and after. */
import { html, nothing, type TemplateResult } from 'lit';
import { t } from './l10n.ts';
import { decimal, signed } from './numbers.ts';
import type { ExplainedRank, RankingContext, RankingExplanation } from './protocol.ts';
import { gradeOf, titleOf } from './rankings.ts';
import { type PartRow, partRows } from './score-parts.ts';
import type { ExplanationState } from './state.ts';

export function documentView(
  id: string | null,
  explained: ExplanationState | undefined,
  grades: Readonly<Record<string, number>>,
  context: RankingContext,
): TemplateResult {
  const { kind } = explained ?? {};
  const isDone = explained?.kind === 'done' && id !== null;
  // One element that stays, so that a screen reader says what changes in it. The table shows the ranks.
  return html`<p class=${kind === 'working' ? '' : kind === 'failed' ? 'problem' : 'unseen'} role="status">
      ${kind === 'working' ? html`<vscode-progress-ring aria-hidden="true"></vscode-progress-ring>` : nothing}
      ${statusOf(id, explained)}
    </p>
    ${isDone ? contributionsView(id, explained.explanation, gradeOf(id, grades), context) : nothing}`;
}

function statusOf(id: string | null, explained: ExplanationState | undefined): string {
  switch (explained?.kind) {
    case undefined:
      return '';
    case 'working':
      return t('Asking the recommender…');
    case 'failed':
      return explained.message;
    case 'done':
      return id === null ? '' : ranksText(id, explained.explanation);
  }
}

function ranksText(id: string, explanation: RankingExplanation): string {
  const [before, after] = ranksOf(id, explanation);
  return t('Rank {0} → {1}, by {2}', rankText(before), rankText(after), explanation.retriever);
}

function ranksOf(
  id: string,
  { before, after }: RankingExplanation,
): readonly [ExplainedRank | undefined, ExplainedRank | undefined] {
  const find = (documents: readonly ExplainedRank[]): ExplainedRank | undefined =>
    documents.find((document) => document.id === id);
  return [find(before.documents), find(after.documents)];
}

function contributionsView(
  id: string,
  explanation: RankingExplanation,
  grade: number,
  { titles }: RankingContext,
): TemplateResult {
  const [before, after] = ranksOf(id, explanation);
  const fields = Object.hasOwn(explanation.fields, id) ? explanation.fields[id] : undefined;
  const rows = partRows(before, after, explanation.terms);
  const excluded = after?.excludedBy;
  return html`<div class="looked-at" role="region" aria-label=${t('The document that is looked at')}>
    <div class="fields">
      <h3>${fields?.title ?? titleOf(id, titles)}</h3>
      <p class="note">
        ${id} ·
        ${grade > 0 ? t('grade {0}', grade) : t('not judged')}${fields?.category === undefined ? nothing : ` · ${fields.category}`}
      </p>
      <p>${fields?.text ?? t('The corpus of the task does not have this document.')}</p>
    </div>
    <table class="contributions">
      <caption>
        ${ranksText(id, explanation)}
      </caption>
      <thead>
        <tr>
          <th scope="col">${t('Term')}</th>
          <th scope="col">${t('Change')}</th>
          <th scope="col" class="number">${t('Before')}</th>
          <th scope="col" class="number">${t('After')}</th>
          <th scope="col" class="number">${t('Difference')}</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(partRow)}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">${t('Score')}</th>
          <td></td>
          <td class="number score-before">${decimal(before?.score, 4)}</td>
          <td class="number score-after">${decimal(after?.score, 4)}</td>
          <td class="number">${signed((after?.score ?? NaN) - (before?.score ?? NaN), 4)}</td>
        </tr>
      </tfoot>
    </table>
    ${rows.length === 0 ? html`<p class="empty">${noParts(before, after)}</p>` : nothing}
    ${excluded === undefined ? nothing : html`<p class="note">${t('The rewrite keeps it out: {0}', excluded)}</p>`}
  </div>`;
}

function partRow({ name, change, before, after, about }: PartRow): TemplateResult {
  return html`<tr title=${about}>
    <th scope="row">${name}</th>
    <td>${changeText(change)}</td>
    <td class="number">${before === null ? '' : decimal(before, 4)}</td>
    <td class="number">${after === null ? '' : decimal(after, 4)}</td>
    <td class="number ${(after ?? 0) > (before ?? 0) ? 'up' : 'down'}">${signed((after ?? 0) - (before ?? 0), 4)}</td>
  </tr>`;
}

function changeText(change: PartRow['change']): string {
  switch (change) {
    case 'added':
      return t('added');
    case 'dropped':
      return t('dropped');
    case 'reweighted':
      return t('reweighted');
    case 'kept':
      return t('kept');
    case '':
      return '';
  }
}

function rankText(document: ExplainedRank | undefined): string {
  return String(document?.rank ?? t('not found'));
}

function noParts(before: ExplainedRank | undefined, after: ExplainedRank | undefined): string {
  const isFound = (before?.score ?? 0) !== 0 || (after?.score ?? 0) !== 0;
  return isFound
    ? t('This recommender does not say what its scores are made of.')
    : t('It shares no term with either query.');
}
