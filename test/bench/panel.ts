/**
 * @file How fast the panel answers on a run of 1,000 steps with 384,000 rollouts, in a real window, against what is promised.
 *
 * `npm run bench:panel`, with nothing else running. Every time is from the person's act, the key or the changed field, to the
 * frame that shows what comes of it, taken in the pages themselves. Each is repeated; a comparison is of other checkpoints each
 * time, and the panel is opened anew.
 */
import { join } from 'node:path';
import type { FrameLocator, Page } from 'playwright-core';
import { packageRoot } from '../../src/base/package-root.ts';
import { checkpointName, evaluatedSteps, writeLongRun } from '../fixtures/long-run.ts';
import { pick, runCommand, webview } from '../vscode/user.ts';
import { withEditor } from '../vscode/with-editor.ts';

const RUN = { steps: 1000, groups: 32, groupSize: 12, evaluated: 5000 };
const REPEATS = 9;
/** Nobody looks into a panel while it opens: what Playwright puts into each page takes the thread that makes it. */
const UNSEEN_MILLIS = 2000;

interface Measured {
  readonly what: string;
  /** In the order in which they were measured. */
  readonly values: readonly number[];
  readonly goal: number;
  readonly unit: 'ms' | 'MB';
}

// What the functions below use of the window's pages; this project's Node code has no DOM types.
interface PageElement {
  value: string;
  readonly id: string;
  readonly textContent: string;
  getAttribute(name: string): string | null;
  dispatchEvent(event: unknown): boolean;
}
interface KeyEvent {
  readonly key: string;
  readonly timeStamp: number;
}
declare const document: { querySelector(selector: string): PageElement | null };
declare const frameElement: PageElement | null;
declare const requestAnimationFrame: (callback: () => void) => void;
declare const addEventListener: (name: string, listener: (event: KeyEvent) => void, capture: boolean) => void;
declare const Event: new (name: string, options: { readonly bubbles: boolean }) => unknown;

/** What the pages note, in milliseconds since 1970: every frame has the same clock. */
interface Noted {
  enteredAt?: number;
  contentAt?: number;
}

/** Where to look, and what it begins or ends with when it is as wanted. */
interface Sign {
  readonly selector: string;
  readonly attribute?: string;
  readonly text: string;
}

interface Act {
  readonly field: string;
  readonly event: 'input' | 'change';
  readonly value: string;
  readonly sign: Sign;
}

/** Lets the window note when the person presses Enter, and every panel when its first figures are on screen. */
async function takeNotes(page: Page): Promise<void> {
  await page.evaluate(() => {
    const note = ({ key, timeStamp }: KeyEvent): void => {
      if (key === 'Enter') (globalThis as Noted).enteredAt = performance.timeOrigin + timeStamp;
    };
    addEventListener('keydown', note, true);
  });
  await page.addInitScript(() => {
    const frame = frameElement;
    if (frame?.id !== 'pending-frame' && frame?.id !== 'active-frame') return; // no page of a panel
    // A timer, because requests for a frame get lost when the editor writes the page.
    const timer = setInterval(() => {
      // The frame is renamed when the editor shows it; the curves come after the figures.
      if (frame.id !== 'active-frame' || document.querySelector('#curve-reward canvas') === null) return;
      clearInterval(timer);
      const note = (): void => {
        (globalThis as Noted).contentAt = performance.timeOrigin + performance.now();
      };
      requestAnimationFrame(() => { requestAnimationFrame(note); }); // prettier-ignore
    }, 2);
  });
}

/** Milliseconds from a change of a field to the frame that shows what comes of it. */
async function changing(panel: FrameLocator, act: Act): Promise<number> {
  return panel.locator('body').evaluate(async (_, { field, event, value, sign }) => {
    const frame = (): Promise<void> => new Promise((resolve) => { requestAnimationFrame(resolve); }); // prettier-ignore
    const shown = (): string => {
      const element = document.querySelector(sign.selector);
      return (
        (sign.attribute === undefined ? element?.textContent : element?.getAttribute(sign.attribute)) ?? ''
      ).trim();
    };
    const control = document.querySelector(field)!;
    await frame();
    const started = performance.now();
    control.value = value;
    control.dispatchEvent(new Event(event, { bubbles: true }));
    while (!shown().startsWith(sign.text) && !shown().endsWith(sign.text)) await frame();
    await frame(); // painted
    return performance.now() - started;
  }, act);
}

/** Milliseconds since 1970 of the frame that shows all of it. */
async function shownAt(panel: FrameLocator, signs: readonly Sign[]): Promise<number> {
  return panel.locator('body').evaluate(async (_, wanted) => {
    const frame = (): Promise<void> => new Promise((resolve) => { requestAnimationFrame(resolve); }); // prettier-ignore
    const isShown = ({ selector, text }: Sign): boolean =>
      document.querySelector(selector)?.textContent.trim().startsWith(text) ?? false;
    const deadline = performance.now() + 60_000;
    while (!wanted.every(isShown)) {
      if (performance.now() > deadline)
        throw new Error(`not shown: ${JSON.stringify(wanted.filter((sign) => !isShown(sign)))}`);
      await frame();
    }
    await frame(); // painted
    return performance.timeOrigin + performance.now();
  }, signs);
}

async function enteredAt(page: Page): Promise<number> {
  return page.evaluate(() => (globalThis as Noted).enteredAt!);
}

async function opening(page: Page, run: string): Promise<number> {
  await runCommand(page, 'Rec-R1: Open Dashboard');
  await chooseRun(page, 'Show which run?', run);
  await page.waitForTimeout(UNSEEN_MILLIS);
  const panel = await webview(page);
  await panel.locator('#reward').waitFor();
  const contentAt = await panel.locator('body').evaluate(async () => {
    const notes = globalThis as Noted;
    while (notes.contentAt === undefined) await new Promise((resolve) => { setTimeout(resolve, 20); }); // prettier-ignore
    return notes.contentAt;
  });
  return contentAt - (await enteredAt(page));
}

async function chooseRun(page: Page, question: string, run: string): Promise<void> {
  const list = page.locator('.quick-input-widget', { hasText: question });
  await list.locator('input').first().fill(run);
  await list.locator('.monaco-list-row.focused', { hasText: run }).waitFor();
  await page.keyboard.press('Enter');
}

async function openings(page: Page, run: string): Promise<Measured> {
  const values = [await opening(page, run)];
  while (values.length < REPEATS) {
    await runCommand(page, 'View: Close Editor');
    await page.locator('iframe.webview').waitFor({ state: 'detached' });
    values.push(await opening(page, run));
  }
  return { what: 'first content after the run is chosen', values, goal: 500, unit: 'ms' };
}

/** Every pair of checkpoints once. */
async function comparisons(page: Page, panel: FrameLocator): Promise<Measured> {
  const names = evaluatedSteps(RUN).map(checkpointName);
  const pairs = names.flatMap((judged) =>
    names.flatMap((against) => (judged === against ? [] : [{ judged, against }])),
  );
  const values: number[] = [];
  for (const pair of pairs.slice(0, REPEATS)) values.push(await comparison(page, panel, pair));
  return { what: `comparison over ${RUN.evaluated} queries`, values, goal: 1000, unit: 'ms' };
}

async function comparison(
  page: Page,
  panel: FrameLocator,
  { judged, against }: { readonly judged: string; readonly against: string },
): Promise<number> {
  await runCommand(page, 'Rec-R1: Compare Checkpoints');
  await chooseRun(page, 'Compare checkpoints of which run?', 'long');
  await pick(page, 'Which checkpoint should be judged?', judged);
  await pick(page, 'Against what?', against);
  await page.locator('.quick-input-widget').getByPlaceholder('On which queries?').fill('validation');
  await page.locator('.quick-input-widget .monaco-list-row.focused', { hasText: 'validation' }).waitFor();
  const [shown] = await Promise.all([
    shownAt(panel, [
      { selector: '#comparison-means tbody th', text: against },
      { selector: '#comparison-means .choice', text: judged },
      { selector: '#comparison-means .p-value', text: 'p ' },
      { selector: '#comparison-rows .row:not(.head) .gained', text: '+' },
    ]),
    page.keyboard.press('Enter'),
  ]);
  return shown - (await enteredAt(page));
}

async function repeated(what: string, goal: number, measure: (i: number) => Promise<number>): Promise<Measured> {
  const values: number[] = [];
  for (let i = 0; i < REPEATS; i++) values.push(await measure(i));
  return { what, goal, unit: 'ms', values };
}

/** A word that many rows have and one that none has in turn, so that the count changes each time. */
async function searches(
  panel: FrameLocator,
  what: string,
  fields: { readonly field: string; readonly count: string; readonly all: string },
): Promise<Measured> {
  return repeated(what, 100, (i) => {
    const isFound = i % 2 === 0;
    const text = isFound ? `of ${fields.all}` : `0 of ${fields.all}`;
    const value = isFound ? 'lumbar merino' : 'zzz';
    return changing(panel, { field: fields.field, event: 'input', value, sign: { selector: fields.count, text } });
  });
}

/**
 * Bytes of the heap that the panel's scripts live in, after a collection of garbage. VS Code's server shows panels in the
 * process of the window itself, so what the window had without one is taken off.
 */
async function heapBytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize, embedderHeapUsedSize, backingStorageSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize + embedderHeapUsedSize + backingStorageSize;
}

function table(rows: readonly Measured[]): string {
  const columns = ['first', 'median', 'least', 'most', 'goal'].map((name) => name.padStart(8)).join('');
  const lines = rows.map(({ what, values, goal, unit }) => {
    const sorted = values.toSorted((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)];
    const figures = [values[0], median, sorted[0], sorted[sorted.length - 1], goal];
    const shown = figures.map((value) => value.toFixed(0).padStart(8)).join('');
    return `${what.padEnd(46)}${shown} ${unit}  ${median <= goal ? 'met' : 'MISSED'}`;
  });
  return [`${'what'.padEnd(46)}${columns}`, ...lines].join('\n');
}

await withEditor(
  'bench-panel',
  { extension: { kind: 'development', path: packageRoot() } },
  async ({ page }, folder) => {
    writeLongRun(join(folder, 'runs', 'long'), RUN);
    writeLongRun(join(folder, 'runs', 'short'), { steps: 4, groups: 1, groupSize: 2, evaluated: 1 }); // so that there is a choice
    await takeNotes(page);
    const before = await heapBytes(page);
    const rows: Measured[] = [await openings(page, 'long')];
    const panel = await webview(page);
    await panel.locator('#rollouts').waitFor();
    rows.push(
      await repeated('another step', 100, (i) => {
        const step = String(100 + i * 97);
        const sign = { selector: '#rollouts', attribute: 'aria-label', text: `step ${step}` };
        return changing(panel, { field: '#step-slider', event: 'input', value: step, sign });
      }),
      await searches(panel, 'text search over a step', { field: '#filter-text', count: '#filter-count', all: '384 rewrites' }), // prettier-ignore
    );
    rows.push(
      await comparisons(page, panel),
      await repeated('another order of a comparison', 100, (i) => {
        const [value, text] = i % 2 === 0 ? ['loss', '−'] : ['gain', '+'];
        const sign = { selector: '#comparison-rows .row:not(.head) .gained', text };
        return changing(panel, { field: '#compared-order', event: 'change', value, sign });
      }),
      await searches(panel, 'text search over a comparison', { field: '#compared-text', count: '#compared-count', all: `${RUN.evaluated} queries` }), // prettier-ignore
    );
    const values = [((await heapBytes(page)) - before) / 1e6];
    rows.push({ what: 'memory of the panel', values, goal: 200, unit: 'MB' });
    console.log(`panel: ${RUN.steps} steps, ${RUN.steps * RUN.groups * RUN.groupSize} rollouts\n${table(rows)}`);
  },
);
