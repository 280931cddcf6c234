/**
 * @file `<virtual-rows>`: a list of any length of which only the rows near the screen exist. It scrolls with the page, and rows
 * may have any height, also one that changes.
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
/** Rows that exist above and below the screen, so that scrolling and the Tab key find them there. */
const OVERSCAN = 12;

class VirtualRows extends LitElement {
  static override properties = { rows: { attribute: false } };
  declare rows: readonly VirtualRow[];
  readonly #controller: WindowVirtualizerController<HTMLElement>;

  constructor() {
    super();
    this.rows = [];
    this.#controller = new WindowVirtualizerController(this, {
      count: 0,
      estimateSize: () => LIKELY_HEIGHT,
      overscan: OVERSCAN,
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
