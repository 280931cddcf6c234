/** @file What a rewrite is shown as: in a line above the query, behind it, and in the hover. */
import * as vscode from 'vscode';
import type { JudgedRewrite, RewriteAnswer, ShownHit } from '../app/rewrite-answer.ts';
import { decimal } from './language.ts';
import type { NamedCheckpoint } from './rewrites.ts';
import type { PlacedQuery } from './placed-query.ts';

/** A longer rewrite is cut in its line; the hover has all of it. */
const MAX_LINE = 120;

/** Documents of each list that a hover has room for. */
const HOVER_HITS = 5;

/** Commands that a hover may link to. */
const HOVER_COMMANDS = {
  'rec-r1.acceptRewrite': () => vscode.l10n.t('Accept'),
  'rec-r1.copyRewrite': () => vscode.l10n.t('Copy'),
  'rec-r1.anotherRewrite': () => vscode.l10n.t('Another'),
  'rec-r1.compareRewrite': () => vscode.l10n.t('Compare'),
} as const;

/** `→ lumbar cushion · NDCG@10 0.31 → 0.74`. */
export function lineOf({ rewrite, format, judged }: RewriteAnswer, sample: number | undefined): string {
  const drawn = sample === undefined ? '' : `${vscode.l10n.t('(sample {0})', sample)} `;
  if (rewrite === null) return `→ ${drawn}${vscode.l10n.t('(malformed answer: {0})', format)}`;
  const text = rewrite.length > MAX_LINE ? `${rewrite.slice(0, MAX_LINE)}…` : rewrite;
  return `→ ${drawn}${text}${judged ? ` · ${gainText(judged)}` : ''}`;
}

/** `NDCG@10 0.31 → 0.74`. */
function gainText({ metric, original, rewrite }: JudgedRewrite): string {
  return `${metric.toUpperCase()} ${decimal(original, 2)} → ${decimal(rewrite, 2)}`;
}

/** The rewrite in full, and the best documents for it beside those of the query as it stands. */
export function hoverOf(
  placed: PlacedQuery,
  answer: RewriteAnswer,
  { checkpoint }: NamedCheckpoint,
): vscode.MarkdownString {
  const { rewrite, format, judged, hits, baselineHits } = answer;
  const text = new vscode.MarkdownString(undefined, true);
  text.isTrusted = { enabledCommands: Object.keys(HOVER_COMMANDS) };
  text.appendMarkdown(`**${escaped(checkpoint)}** → `);
  text.appendText(rewrite ?? vscode.l10n.t('malformed answer: {0}', format));
  text.appendMarkdown(`\n\n${judged ? `${gainText(judged)} · ` : ''}${commandLinks(placed)}`);
  const grades = judged?.grades ?? {};
  const rows = Array.from(
    { length: Math.min(HOVER_HITS, Math.max(hits.length, baselineHits.length)) },
    (_, i) =>
    `| ${i + 1} | ${cell(baselineHits.at(i), grades)} | ${cell(hits.at(i), grades)} |`, // prettier-ignore
  );
  const header = `| | ${vscode.l10n.t('for the query')} | ${vscode.l10n.t('for the rewrite')} |`;
  text.appendMarkdown(`\n\n${header}\n|---:|:---|:---|\n${rows.join('\n')}\n`);
  return text;
}

function commandLinks(placed: PlacedQuery): string {
  const argument = encodeURIComponent(JSON.stringify([placed]));
  const links = Object.entries(HOVER_COMMANDS).map(([name, title]) => `[${title()}](command:${name}?${argument})`);
  return links.join(' · ');
}

function cell(hit: ShownHit | undefined, grades: JudgedRewrite['grades']): string {
  if (!hit) return '';
  const grade = Object.hasOwn(grades, hit.id) ? ` **$(star-full)${grades[hit.id]}**` : '';
  return `${escaped(hit.title === '' ? hit.id : hit.title)}${grade}`;
}

/** Text that Markdown, and a table in it, leaves as it is. */
function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~$]/g, '\\$&').replace(/\s+/g, ' ');
}
