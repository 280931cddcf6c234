/** @file What one may do with the rewrite of a query: take it, copy it, have another drawn, see what it finds. */
import * as vscode from 'vscode';
import type { RewriteAnswer, ShownHit } from '../app/rewrite-answer.ts';
import { UserError } from '../base/errors.ts';
import type { CheckpointInUse } from './checkpoint-in-use.ts';
import type { InlineRewrites } from './inline-rewrites.ts';
import { type PlacedQuery, queryAtCursor, replaceQuery, selectedQueries } from './placed-query.ts';
import { showRankings } from './ranking-documents.ts';

export interface RewriteServices {
  readonly inline: InlineRewrites;
  readonly inUse: CheckpointInUse;
}

/** The query that a lens or a hover belongs to, or undefined for the one at the cursor. */
type Query = PlacedQuery | undefined;

export async function acceptRewrite(services: RewriteServices, query: Query): Promise<void> {
  const found = await rewriteOf(services, query);
  if (found) await replaceQuery(found.placed, rewriteIn(found.answer));
}

export async function copyRewrite(services: RewriteServices, query: Query): Promise<void> {
  const found = await rewriteOf(services, query);
  if (found) await vscode.env.clipboard.writeText(rewriteIn(found.answer));
}

export async function anotherRewrite({ inline, inUse }: RewriteServices, query: Query): Promise<void> {
  const placed = query ?? queryAtCursor(vscode.window.activeTextEditor);
  if (await inUse.orAsk()) inline.drawAnother(placed);
}

/** Opens both rankings in the editor's own comparison. */
export async function compareRewrite(services: RewriteServices, query: Query): Promise<void> {
  const found = await rewriteOf(services, query);
  if (!found) return;
  const { query: original, baselineHits, hits, judged } = found.answer;
  const lines = (list: readonly ShownHit[]): string[] => list.map((hit) => lineOf(hit, judged?.grades));
  await showRankings(
    { title: original, lines: lines(baselineHits) },
    { title: rewriteIn(found.answer), lines: lines(hits) },
  );
}

/** Shows above each selected line what the checkpoint makes of it. */
export async function rewriteSelection({ inline, inUse }: RewriteServices): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const queries = editor ? selectedQueries(editor) : [];
  if (!editor || queries.length === 0) {
    throw new UserError(vscode.l10n.t('Nothing is selected; select the words that should be rewritten.'));
  }
  if (await inUse.orAsk()) inline.showSelected(editor.document.uri, queries);
}

/** Undefined when nobody picks a checkpoint. */
async function rewriteOf(
  { inline, inUse }: RewriteServices,
  query: Query,
): Promise<{ readonly placed: PlacedQuery; readonly answer: RewriteAnswer } | undefined> {
  const placed = query ?? queryAtCursor(vscode.window.activeTextEditor);
  if (!(await inUse.orAsk())) return undefined;
  const answer = await inline.answerFor(placed);
  return answer && { placed, answer };
}

function rewriteIn({ rewrite, format }: RewriteAnswer): string {
  if (rewrite !== null) return rewrite;
  throw new UserError(vscode.l10n.t('The answer is malformed ({0}), so there is no rewrite; try another.', format));
}

/**
 * Without a rank, so that a document that moved is the same line elsewhere; with its grade, where the query is judged at all,
 * and a dash where nobody judged the document.
 */
function lineOf({ id, title }: ShownHit, grades: Readonly<Record<string, number>> | undefined): string {
  const grade = grades && `[${Object.hasOwn(grades, id) ? grades[id] : '–'}]  `;
  return `${grade ?? ''}${id}  ${title}`;
}
