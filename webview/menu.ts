/** @file A button with a list of things to tick. The browser opens and closes it, also by Escape and by a click elsewhere. */
import { html, type TemplateResult } from 'lit';

/** @param onOpen called each time, for content that is fetched. */
export function menu(id: string, label: string, items: readonly TemplateResult[], onOpen?: () => void): TemplateResult {
  return html`<button class="menu-button" id="${id}-button" popovertarget="${id}-menu">${label} ▾</button>
    <div
      class="menu"
      id="${id}-menu"
      popover
      role="group"
      aria-label=${label}
      @toggle=${(event: ToggleEvent) => {
        if (event.newState === 'open') onOpen?.();
      }}
    >
      ${items}
    </div>`;
}

export function checkbox(id: string, label: string, isOn: boolean, choose: (on: boolean) => void): TemplateResult {
  return html`<vscode-checkbox
    id=${id}
    .checked=${isOn}
    @change=${(event: Event) => {
      const { checked } = event.target as HTMLInputElement;
      // The control says so too when it was set from here.
      if (checked !== isOn) choose(checked);
    }}
    >${label}</vscode-checkbox
  >`;
}
