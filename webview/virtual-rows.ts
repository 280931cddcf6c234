/**
 * @file `<virtual-rows>`: a list of any length of which only the rows near the screen exist. It scrolls with the page, and rows
 * may have any height, also one that changes.
 *
 * By keyboard it is one stop of the Tab key, as the editor's own lists are: arrows, Home and End go from row to row, and Tab goes
 * on to what a row that is open holds.
 */
import { type PropertyValues, LitElement, html, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { WindowVirtualizerController } from '@tanstack/lit-virtual';

/** A row that knows its name and how to show itself. */
export interface VirtualRow {
  /** Unique in the list, and the same as long as it is the same row. */
  readonly key: string;
  /** @param place from 0, for its `aria-rowindex`. */
  readonly view: (place: number) => TemplateResult;
}

/** The `aria-rowindex` of the first row of a table: it counts from 1, and the head is a row. */
export const FIRST_ROW = 2;

const LIKELY_HEIGHT = 26;
/** Rows that exist above and below the screen, so that scrolling and the arrow keys find them there. */
const OVERSCAN = 12;
/** What a row is opened with, and what the keyboard stops at. */
const CONTROL = '.disclosure';

class VirtualRows extends LitElement {
  static override properties = { rows: { attribute: false } };
  declare rows: readonly VirtualRow[];
  readonly #controller: WindowVirtualizerController<HTMLElement>;
  /** The row that the keyboard stopped at last. */
  #current = '';
  /** Its place while it has the focus; null while it has not. */
  #focused: number | null = null;

  constructor() {
    super();
    this.rows = [];
    this.#controller = new WindowVirtualizerController(this, {
      count: 0,
      estimateSize: () => LIKELY_HEIGHT,
      overscan: OVERSCAN,
    });
    this.addEventListener('focusin', ({ target }) => {
      this.#focused = this.#placeOf(target);
      if (this.#focused !== null) this.#current = this.rows[this.#focused].key;
      this.#setTabStop();
    });
    this.addEventListener('focusout', ({ relatedTarget }) => {
      // Without a successor: its row is gone, or the window is left.
      if (relatedTarget) this.#focused = null;
    });
    this.addEventListener('keydown', (event) => {
      this.#move(event);
    });
  }

  /** The page's style sheet and the tables around it should reach the rows. */
  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override render(): TemplateResult {
    const virtualizer = this.#controller.getVirtualizer();
    virtualizer.setOptions({
      ...virtualizer.options,
      count: this.rows.length,
      getItemKey: (index) => this.rows[index].key,
      scrollMargin: this.getBoundingClientRect().top + scrollY,
    });
    return html`<div role="presentation">
      ${repeat(
        virtualizer.getVirtualItems(),
        ({ key }) => key,
        ({ index }) => html`<div role="presentation" data-index=${index}>${this.rows[index].view(index)}</div>`,
      )}
    </div>`;
  }

  /** By script and not by attributes, which the page's content security policy refuses. */
  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    const virtualizer = this.#controller.getVirtualizer();
    const shown = this.firstElementChild as HTMLElement;
    const first = virtualizer.getVirtualItems().at(0)?.start ?? 0;
    this.style.height = `${virtualizer.getTotalSize()}px`;
    shown.style.transform = `translateY(${Math.max(0, first - virtualizer.options.scrollMargin)}px)`;
    for (const row of shown.children) virtualizer.measureElement(row as HTMLElement);
    this.#setTabStop();
    if (changed.has('rows')) this.#keepFocus();
  }

  /** A step more brings other rows: the keyboard stays where it was. */
  #keepFocus(): void {
    const place = this.#focused;
    if (place === null || document.activeElement !== document.body) return;
    const after = this.#controls().find((control) => this.#placeOf(control)! >= place);
    after?.focus({ preventScroll: true });
  }

  /** The row that was stopped at last, or else the first on screen. */
  #setTabStop(): void {
    const first = this.#controller.getVirtualizer().range?.startIndex ?? 0;
    const controls = this.#controls();
    const keyOf = (control: Element): string => this.rows[this.#placeOf(control)!].key;
    const stop =
      controls.find((control) => keyOf(control) === this.#current) ??
      controls.find((control) => this.#placeOf(control)! >= first);
    for (const control of controls) control.tabIndex = control === stop ? 0 : -1;
  }

  #move(event: KeyboardEvent): void {
    const place = this.#placeOf(event.target);
    if (place === null) return;
    const controls = this.#controls();
    const at = controls.findIndex((control) => control === event.target);
    switch (event.key) {
      case 'ArrowDown':
        controls.at(at + 1)?.focus();
        break;
      case 'ArrowUp':
        if (at > 0) controls[at - 1].focus();
        break;
      case 'Home':
        void this.#focusEnd(0);
        break;
      case 'End':
        void this.#focusEnd(this.rows.length - 1);
        break;
      default:
        return;
    }
    event.preventDefault(); // the page would scroll too
  }

  /** The first or the last row, which may have to be made. */
  async #focusEnd(place: number): Promise<void> {
    this.#controller.getVirtualizer().scrollToIndex(place);
    await new Promise(requestAnimationFrame);
    await this.updateComplete;
    this.#controls()
      .at(place === 0 ? 0 : -1)
      ?.focus();
  }

  /** Those that exist, in their order. */
  #controls(): HTMLElement[] {
    return [...this.querySelectorAll<HTMLElement>(CONTROL)];
  }

  /** Of the row whose control an element is; null for any other element. */
  #placeOf(target: EventTarget | null): number | null {
    if (!(target instanceof HTMLElement) || !target.matches(CONTROL)) return null;
    return Number(target.closest<HTMLElement>('[data-index]')!.dataset.index);
  }
}

/** Call once. */
export function defineVirtualRows(): void {
  customElements.define('virtual-rows', VirtualRows);
}

/** @param role of the element that holds the rows, such as `rowgroup`. */
export function virtualRows(rows: readonly VirtualRow[], role = 'rowgroup'): TemplateResult {
  return html`<virtual-rows role=${role} .rows=${rows}></virtual-rows>`;
}
