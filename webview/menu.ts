/** @file A button with a list of things to tick. The browser opens and closes it, also by Escape and by a click elsewhere. */
import { html, nothing, type TemplateResult } from 'lit';

/** @param items while it is open, null otherwise: controls that nobody sees would cost time whenever a panel appears. */
export function menu(
  id: string,
  label: string,
  items: readonly TemplateResult[] | null,
  onToggle: (isOpen: boolean) => void,
): TemplateResult {
  return html`<button class="menu-button" id="${id}-button" popovertarget="${id}-menu">${label} ▾</button>
    <div
      class="menu"
      id="${id}-menu"
      popover
      role="group"
      aria-label=${label}
      @beforetoggle=${(event: ToggleEvent) => {
        onToggle(event.newState === 'open');
      }}
    >
      ${items ?? nothing}
    </div>`;
}

export function checkbox(id: string, label: string, isOn: boolean, choose: (on: boolean) => void): TemplateResult {
  // The control says so too when it is set from here, and the list may have changed since: it is heard before it is set.
  return html`<vscode-checkbox
    id=${id}
    @change=${(event: Event) => {
      const { checked } = event.target as HTMLInputElement;
      if (checked !== isOn) choose(checked);
    }}
    .checked=${isOn}
    >${label}</vscode-checkbox
  >`;
}
