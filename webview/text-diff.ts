/** @file What changed between two texts, word by word. */
import { diffWords } from 'diff';
import { html, type TemplateResult } from 'lit';
import { t } from './l10n.ts';

export function textDiffView(before: string, after: string): TemplateResult {
  const parts = diffWords(before, after);
  return html`<p class="text-diff" aria-label=${t('From “{0}” to “{1}”', before, after)}>
    ${parts.map(({ value, added, removed }) => {
      if (added) return html`<ins>${value}</ins>`;
      return removed ? html`<del>${value}</del>` : html`<span>${value}</span>`;
    })}
  </p>`;
}
