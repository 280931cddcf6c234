/** @file A choice of one among a few, as a dropdown of the control library. */
import { html, type TemplateResult } from 'lit';

export function dropdown<K extends string>(
  id: string,
  label: string,
  options: Readonly<Record<K, string>>,
  chosen: K,
  choose: (option: K) => void,
): TemplateResult {
  return html`<vscode-dropdown
    id=${id}
    aria-label=${label}
    @change=${(event: Event) => {
      choose((event.target as HTMLSelectElement).value as K);
    }}
  >
    ${Object.entries(options).map(
      ([value, text]) => html`<vscode-option value=${value} ?selected=${value === chosen}>${text}</vscode-option>`,
    )}
  </vscode-dropdown>`;
}
