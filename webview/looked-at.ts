/** @file The document that is looked at: its fields, and what each term adds to its score before and after. */
import { html, nothing, type TemplateResult } from 'lit';
import { decimal, signed } from './numbers.ts';
import type { ExplainedRank, RankingContext, RankingExplanation } from './protocol.ts';
import { gradeOf, titleOf } from './rankings.ts';
import { type PartRow, partRows } from './score-parts.ts';
import type { ExplanationState } from './state.ts';

export function documentView(
  id: string | null,
  explained: ExplanationState,
  grades: Readonly<Record<string, number>>,
  context: RankingContext,
): TemplateResult | typeof nothing {
  switch (explained.kind) {
    case 'working':
      return html`<p role="status">
        <vscode-progress-ring aria-hidden="true"></vscode-progress-ring> Asking the recommender…
      </p>`;
    case 'failed':
      return html`<p class="problem" role="alert">${explained.message}</p>`;
    case 'done':
      return id === null ? nothing : contributionsView(id, explained.explanation, gradeOf(id, grades), context);
  }
}

function contributionsView(
  id: string,
  explanation: RankingExplanation,
  grade: number,
  { titles }: RankingContext,
): TemplateResult {
  const find = (documents: readonly ExplainedRank[]): ExplainedRank | undefined =>
    documents.find((document) => document.id === id);
  const [before, after] = [find(explanation.before.documents), find(explanation.after.documents)];
  const fields = Object.hasOwn(explanation.fields, id) ? explanation.fields[id] : undefined;
  const rows = partRows(before, after, explanation.terms);
  const excluded = after?.excludedBy;
  return html`<div class="looked-at" role="region" aria-label="The document that is looked at">
    <div class="fields">
      <h3>${fields?.title ?? titleOf(id, titles)}</h3>
      <p class="note">
        ${id} ·
        ${grade > 0 ? `grade ${grade}` : 'not judged'}${fields?.category === undefined ? nothing : ` · ${fields.category}`}
      </p>
      <p>${fields?.text ?? 'The corpus of the task does not have this document.'}</p>
    </div>
    <table class="contributions">
      <caption>
        Rank ${rankText(before)} → ${rankText(after)}, by ${explanation.retriever}
      </caption>
      <thead>
        <tr>
          <th scope="col">Term</th>
          <th scope="col">Change</th>
          <th scope="col" class="number">Before</th>
          <th scope="col" class="number">After</th>
          <th scope="col" class="number">Difference</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(partRow)}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">Score</th>
          <td></td>
          <td class="number score-before">${decimal(before?.score, 4)}</td>
          <td class="number score-after">${decimal(after?.score, 4)}</td>
          <td class="number">${signed((after?.score ?? NaN) - (before?.score ?? NaN), 4)}</td>
        </tr>
      </tfoot>
    </table>
    ${rows.length === 0 ? html`<p class="empty">${noParts(before, after)}</p>` : nothing}
    ${excluded === undefined ? nothing : html`<p class="note">The rewrite keeps it out: ${excluded}</p>`}
  </div>`;
}

function partRow({ name, change, before, after, about }: PartRow): TemplateResult {
  return html`<tr title=${about}>
    <th scope="row">${name}</th>
    <td>${change}</td>
    <td class="number">${before === null ? '' : decimal(before, 4)}</td>
    <td class="number">${after === null ? '' : decimal(after, 4)}</td>
    <td class="number ${(after ?? 0) > (before ?? 0) ? 'up' : 'down'}">${signed((after ?? 0) - (before ?? 0), 4)}</td>
  </tr>`;
}

function rankText(document: ExplainedRank | undefined): string {
  return String(document?.rank ?? 'not found');
}

function noParts(before: ExplainedRank | undefined, after: ExplainedRank | undefined): string {
  const isFound = (before?.score ?? 0) !== 0 || (after?.score ?? 0) !== 0;
  return isFound
    ? 'This recommender does not say what its scores are made of.'
    : 'It shares no term with either query.';
}
