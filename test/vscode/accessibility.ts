/**
 * @file What of a panel a person finds who uses no mouse, sees little, or hears it read: the names that Chromium hands to screen
 * readers, what the Tab key reaches and whether one sees where it is, and contrast as the web's guidelines (WCAG 2.2) count it.
 */
import type { CDPSession, FrameLocator, Page } from 'playwright-core';

interface TreeNode {
  readonly nodeId: string;
  readonly parentId?: string;
  readonly ignored: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
  readonly properties?: readonly { readonly name: string; readonly value: { readonly value?: unknown } }[];
}
interface FrameTree {
  readonly frame: { readonly id: string; readonly url: string };
  readonly childFrames?: readonly FrameTree[];
}

/** Roles that mean nothing without a name. */
const NAMED =
  /^(button|checkbox|combobox|ComboBox\w*|dialog|grid|heading|image|img|link|listbox|menuitem|option|PopUpButton|progressbar|radio|region|searchbox|slider|spinbutton|switch|tab|table|tabpanel|textbox|toolbar)$/;

/** A screen reader says these as one, whatever is drawn in them. */
const WHOLE = /^(button|checkbox|ComboBox\w*|combobox|image|img|option|progressbar|radio|slider|switch|tab)$/;

/** The panel as a screen reader has it: `role: name`, of all that it does not pass over. One panel may be open. */
export async function spoken(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  try {
    const nodes = await treeOf(session);
    return nodes.filter(({ ignored }) => !ignored).map(({ role, name }) => `${role?.value}: ${name?.value ?? ''}`);
  } finally {
    await session.detach();
  }
}

/** Those of {@link spoken} that should have a name and have none. */
export async function nameless(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  try {
    const nodes = await treeOf(session);
    const byId = new Map(nodes.map((node) => [node.nodeId, node]));
    const above = ({ parentId }: TreeNode): readonly TreeNode[] => {
      const parent = parentId === undefined ? undefined : byId.get(parentId);
      return parent ? [parent, ...above(parent)] : [];
    };
    const isWanting = (node: TreeNode): boolean => {
      const { role, name, properties = [] } = node;
      const isFocusable = properties.some((property) => property.name === 'focusable' && property.value.value === true);
      const isNamed = (name?.value ?? '').trim() !== '';
      const isPart = above(node).some((ancestor) => WHOLE.test(ancestor.role?.value ?? ''));
      return !isNamed && !isPart && (NAMED.test(role?.value ?? '') || (isFocusable && role?.value !== 'RootWebArea'));
    };
    const told = ({ role, name }: TreeNode): string => `${role?.value} “${name?.value ?? ''}”`;
    return nodes
      .filter((node) => !node.ignored && isWanting(node))
      .map((node) => [node, ...above(node).slice(0, 4)].map(told).join(' in '));
  } finally {
    await session.detach();
  }
}

async function treeOf(session: CDPSession): Promise<readonly TreeNode[]> {
  const { frameTree } = (await session.send('Page.getFrameTree')) as { readonly frameTree: FrameTree };
  // The editor writes the panel into a frame of its own host page, and with that gives it the host's address.
  const pages = all(frameTree).filter(
    ({ frame, childFrames = [] }) => frame.url.includes('/webview/browser/pre/') && childFrames.length === 0,
  );
  if (pages.length !== 1)
    throw new Error(`${pages.length} panels are open in place of one: ${JSON.stringify(frameTree)}`);
  const answer: unknown = await session.send('Accessibility.getFullAXTree', { frameId: pages[0].frame.id });
  return (answer as { readonly nodes: readonly TreeNode[] }).nodes;
}

function all(tree: FrameTree): readonly FrameTree[] {
  return [tree, ...(tree.childFrames ?? []).flatMap(all)];
}

// What the functions below use of the panel's page; this project's Node code has no DOM types.
interface PageNode {
  readonly nodeType: number;
  readonly textContent: string;
  readonly parentNode: PageNode | null;
  readonly childNodes: Iterable<PageNode>;
}
interface PageElement extends PageNode {
  readonly id: string;
  readonly localName: string;
  readonly tabIndex: number;
  readonly shadowRoot: PageRoot | null;
  readonly assignedSlot: PageElement | null;
  readonly host?: PageElement;
  getAttribute(name: string): string | null;
  matches(selector: string): boolean;
  closest(selector: string): PageElement | null;
  checkVisibility(options: object): boolean;
  getBoundingClientRect(): { readonly width: number; readonly height: number };
}
interface PageRoot extends PageNode {
  readonly activeElement: PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
}
interface Style {
  readonly color: string;
  readonly backgroundColor: string;
  readonly borderColor: string;
  readonly outlineStyle: string;
  readonly outlineWidth: string;
  readonly boxShadow: string;
  readonly fontSize: string;
  readonly fontWeight: string;
  getPropertyValue(name: string): string;
}
declare const document: PageRoot & {
  readonly body: PageElement;
  hasFocus(): boolean;
  createElement(name: 'canvas'): {
    getContext(
      kind: '2d',
      options: object,
    ): {
      fillStyle: string;
      clearRect(...box: readonly number[]): void;
      fillRect(...box: readonly number[]): void;
      getImageData(...box: readonly number[]): { readonly data: ArrayLike<number> };
    };
  };
};
declare const getComputedStyle: (element: PageElement, pseudo?: string) => Style;

export interface Walk {
  /** What had the focus, in order, once for each press of the Tab key. */
  readonly stops: readonly string[];
  /** Stops that look as if they had no focus. */
  readonly unseen: readonly string[];
  /** Controls that the Tab key should stop at and did not. */
  readonly missed: readonly string[];
}

const MAX_STOPS = 120;

/** Presses Tab from the beginning of the panel until the focus leaves it. */
export async function walk(page: Page, panel: FrameLocator): Promise<Walk> {
  const body = panel.locator('body');
  await body.evaluate((element: unknown) => {
    const start = element as { tabIndex: number; focus(): void; removeAttribute(name: string): void };
    start.tabIndex = -1;
    start.focus();
    start.removeAttribute('tabindex'); // the next Tab still begins here
  });
  const stops: string[] = [];
  const unseen: string[] = [];
  while (stops.length < MAX_STOPS) {
    await page.keyboard.press('Tab');
    const stop = await body.evaluate(focusedOf);
    if (stop === null) break;
    stops.push(stop.name);
    if (!stop.isSeen) unseen.push(stop.name);
  }
  if (stops.length === MAX_STOPS) throw new Error(`The Tab key does not leave the panel: ${stops.join(', ')}`);
  return { stops, unseen, missed: await body.evaluate(unreachedOf) };
}

/** The element that has the focus, inside whatever shadows, and whether one sees that; null where the panel has it no more. */
function focusedOf(): { readonly name: string; readonly isSeen: boolean } | null {
  const reached = ((globalThis as { reached?: Set<PageElement> }).reached ??= new Set());
  let element = document.activeElement;
  if (!document.hasFocus() || element === null || element === document.body) return null;
  const chain = [element];
  for (let inner = element.shadowRoot?.activeElement; inner; inner = inner.shadowRoot?.activeElement) chain.push(inner);
  for (const each of chain) reached.add(each);
  element = chain[0];
  const isRinged = (styled: PageElement): boolean => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(styled);
    return (outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0) || boxShadow !== 'none';
  };
  // The control library rings a part inside its shadow.
  const parts = chain.flatMap((each) => [each, ...(each.shadowRoot?.querySelectorAll('*') ?? [])]);
  const probe = getComputedStyle(document.body).getPropertyValue('--vscode-focusBorder').trim();
  const context = document.createElement('canvas').getContext('2d', {});
  const same = (color: string): boolean => {
    context.fillStyle = probe;
    const wanted = context.fillStyle;
    context.fillStyle = color;
    return context.fillStyle === wanted;
  };
  const isSeen = parts.some((part) => isRinged(part) || same(getComputedStyle(part).borderColor));
  const name = element.getAttribute('aria-label') ?? (element.id || element.textContent.trim().slice(0, 40));
  return { name: `${element.localName} ${name}`, isSeen };
}

function unreachedOf(): string[] {
  const reached = (globalThis as { reached?: Set<PageElement> }).reached ?? new Set();
  const controls =
    'button, input, select, summary, a[href], [tabindex], vscode-button, vscode-checkbox, vscode-dropdown, vscode-text-field';
  return [...document.querySelectorAll(controls)]
    .filter((element) => element.tabIndex >= 0 && !element.matches(':disabled, [disabled]'))
    .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !reached.has(element))
    .map(({ localName, id, textContent }) => `${localName} ${id || textContent.trim().slice(0, 40)}`);
}

/** Texts that stand out too little from what is behind them: 4.5 to 1, or 3 to 1 where they are large. */
export async function faint(panel: FrameLocator): Promise<readonly string[]> {
  return panel.locator('body').evaluate(() => {
    const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (color: string): readonly number[] => {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = color;
      context.fillRect(0, 0, 1, 1);
      const { data } = context.getImageData(0, 0, 1, 1);
      return [data[0], data[1], data[2], data[3] / 255];
    };
    const editor = getComputedStyle(document.body).getPropertyValue('--vscode-editor-background');
    const over = (front: readonly number[], back: readonly number[]): readonly number[] =>
      [0, 1, 2].map((i) => front[i] * front[3] + back[i] * (1 - front[3])).concat(1);
    const parentOf = (element: PageElement): PageElement | null =>
      element.assignedSlot ?? (element.parentNode as PageElement | null);
    const backgroundOf = (element: PageElement | null): readonly number[] => {
      if (element === null || element.nodeType === 9) return rgba(editor); // the panel lies on the editor's ground
      if (element.nodeType === 11) return backgroundOf(element.host ?? null);
      const own = rgba(getComputedStyle(element).backgroundColor);
      return own[3] === 1 ? own : over(own, backgroundOf(parentOf(element)));
    };
    const light = (color: readonly number[]): number => {
      const [r, g, b] = color.map((value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = new Set<string>();
    const look = (node: PageNode): void => {
      if (node.nodeType === 3 && node.textContent.trim() !== '') {
        const element = node.parentNode as PageElement | null;
        if (element?.nodeType !== 1) return;
        const { width, height } = element.getBoundingClientRect();
        const isShown = element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
        if (!isShown || width <= 1 || height <= 1) return;
        if (element.closest(':disabled, [disabled], [aria-disabled=true], style, script') !== null) return;
        const { color, fontSize, fontWeight } = getComputedStyle(element);
        const back = backgroundOf(element);
        const [a, b] = [light(over(rgba(color), back)), light(back)];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const size = Number.parseFloat(fontSize);
        const isLarge = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700);
        if (contrast < (isLarge ? 3 : 4.5)) {
          found.add(`${contrast.toFixed(2)} "${node.textContent.trim().slice(0, 40)}" ${color} on ${back.join(' ')}`);
        }
        return;
      }
      const { shadowRoot } = node as PageElement;
      if (node.nodeType === 1 && shadowRoot) for (const child of shadowRoot.childNodes) look(child);
      for (const child of node.childNodes) look(child);
    };
    look(document.body);
    return [...found];
  });
}
