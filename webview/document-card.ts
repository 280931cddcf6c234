/**
 * @file What one knows of a document, in a card beside its line while the pointer or the keyboard is on that. The style sheet shows
 * and hides it. The corpus is asked when somebody first points at a list: a panel that is only read loads none.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { t } from './l10n.ts';
import type { RankingContext } from './protocol.ts';
import { titleOf } from './rankings.ts';
import type { KnownDocument } from './state.ts';

/** @param name unique on the page: the line says that the card describes it. */
export function documentCard(
  name: string,
  id: string,
  grade: number,
  { titles }: RankingContext,
  known: KnownDocument | undefined,
): TemplateResult {
  const fields = known?.kind === 'known' ? known.fields : undefined;
  return html`<div class="card" role="tooltip" id=${name}>
    <b>${fields?.title ?? titleOf(id, titles)}</b>
    <p class="note">
      ${id} ·
      ${grade > 0 ? t('grade {0}', grade) : t('not judged')}${fields?.category === undefined ? nothing : ` · ${fields.category}`}
    </p>
    <p class="text">${fields?.text ?? why(known)}</p>
  </div>`;
}

function why(known: KnownDocument | undefined): string {
  if (known?.kind !== 'unknown') return t('Reading the corpus…');
  return known.message ?? t('The corpus of the task does not have this document.');
}
