/** @file Rows of a table that open: the button that opens one, and under an open one what it holds. */
import { html, type TemplateResult } from 'lit';
import type { Effects } from './panel.ts';
import type { PanelState } from './state.ts';
import { FIRST_ROW, type VirtualRow } from './virtual-rows.ts';

/** A row, and its details as another while `key` is among what is open. */
export function openableRow(
  key: string,
  { open }: PanelState,
  row: VirtualRow['view'],
  details: () => TemplateResult,
): readonly VirtualRow[] {
  const closed = { key, view: row };
  if (!open.has(key)) return [closed];
  const view = (place: number): TemplateResult =>
    html`<div role="row" aria-rowindex=${place + FIRST_ROW} class="details"><div role="cell">${details()}</div></div>`;
  return [closed, { key: `${key}/details`, view }];
}

/** The head of such a row. @param before is called before it opens or closes. */
export function disclosure(
  key: string,
  { open }: PanelState,
  { act }: Effects,
  text: TemplateResult | string,
  before?: () => void,
): TemplateResult {
  return html`<span role="rowheader">
    <button
      class="disclosure"
      aria-expanded=${open.has(key)}
      @click=${() => {
        before?.();
        act({ kind: 'toggle', key });
      }}
    >
      ${text}
    </button>
  </span>`;
}
