/**
 * @file How fast the panel answers on a run of 1,000 steps with 384,000 rollouts, in a real window, against what is promised.
 *
 * `npm run bench:panel`, with nothing else running. Times are taken inside the panel's page where the panel alone is meant, from
 * the person's act to the frame that shows its effect; the medians of several.
 */
import { join } from 'node:path';
import type { FrameLocator, Page } from 'playwright-core';
import { packageRoot } from '../../src/base/package-root.ts';
import { checkpointName, writeLongRun } from '../fixtures/long-run.ts';
import { pick, runCommand, webview } from '../vscode/user.ts';
import { withEditor } from '../vscode/with-editor.ts';

const RUN = { steps: 1000, groups: 32, groupSize: 12, evaluated: 5000 };
const REPEATS = 9;

interface Measured {
  readonly what: string;
  readonly median: number;
  readonly worst: number;
  readonly goal: number;
  readonly unit: 'ms' | 'MB';
}

// What the functions below use of the panel's page; this project's Node code has no DOM types.
interface PageElement {
  value: string;
  readonly textContent: string;
  getAttribute(name: string): string | null;
  dispatchEvent(event: unknown): boolean;
}
declare const document: { querySelector(selector: string): PageElement | null };
declare const requestAnimationFrame: (callback: () => void) => void;
declare const Event: new (name: string, options: { readonly bubbles: boolean }) => unknown;

interface Act {
  readonly field: string;
  readonly value: string;
  /** The text or the attribute that says that it is done, and what it then begins or ends with. */
  readonly sign: string;
  readonly attribute?: string;
  readonly done: string;
}

/** Milliseconds from a change of a field to the frame that shows what comes of it, measured in the panel. */
async function timed(panel: FrameLocator, act: Act): Promise<number> {
  return panel.locator('body').evaluate(async (_, { field, value, sign, attribute, done }) => {
    const frame = (): Promise<void> => new Promise((resolve) => { requestAnimationFrame(resolve); }); // prettier-ignore
    const control = document.querySelector(field)!;
    const shown = (): string => {
      const element = document.querySelector(sign);
      return (attribute === undefined ? element?.textContent : element?.getAttribute(attribute)) ?? '';
    };
    const isDone = (): boolean => shown().trim().startsWith(done) || shown().trim().endsWith(done);
    await frame();
    const started = performance.now();
    control.value = value;
    control.dispatchEvent(new Event('input', { bubbles: true }));
    while (!isDone()) await frame();
    await frame(); // painted
    return performance.now() - started;
  }, act);
}

async function repeated(what: string, goal: number, measure: (i: number) => Promise<number>): Promise<Measured> {
  const times: number[] = [];
  for (let i = 0; i < REPEATS; i++) times.push(await measure(i));
  times.sort((a, b) => a - b);
  return { what, goal, unit: 'ms', median: times[Math.floor(REPEATS / 2)], worst: times[REPEATS - 1] };
}

async function opening(page: Page): Promise<number> {
  await runCommand(page, 'Rec-R1: Open Dashboard');
  const started = performance.now();
  const panel = await webview(page);
  await panel.locator('#reward').waitFor();
  return performance.now() - started;
}

async function comparing(page: Page, panel: FrameLocator): Promise<number> {
  await runCommand(page, 'Rec-R1: Compare Checkpoints');
  await pick(page, 'Which checkpoint should be judged?', checkpointName(RUN.steps));
  await pick(page, 'Against what?', checkpointName(0));
  await page.locator('.quick-input-widget').getByPlaceholder('On which queries?').fill('validation');
  const started = performance.now();
  await page.keyboard.press('Enter');
  await panel.locator('#comparison-means').waitFor();
  return performance.now() - started;
}

/** Of the panel's scripts, in megabytes. */
async function memory(panel: FrameLocator): Promise<number> {
  const bytes = await panel
    .locator('body')
    .evaluate(() => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize);
  return bytes / 1e6;
}

function table(rows: readonly Measured[]): string {
  const lines = rows.map(({ what, median, worst, goal, unit }) => {
    const [shown, most, wanted] = [median, worst, goal].map((value) => value.toFixed(0).padStart(7));
    return `${what.padEnd(46)}${shown}${most}${wanted} ${unit}  ${median <= goal ? 'met' : 'MISSED'}`;
  });
  return [`${'what'.padEnd(46)} median  worst   goal`, ...lines].join('\n');
}

await withEditor(
  'bench-panel',
  { extension: { kind: 'development', path: packageRoot() } },
  async ({ page }, folder) => {
    writeLongRun(join(folder, 'runs', 'long'), RUN);
    const rows: Measured[] = [];
    const first = await opening(page);
    rows.push({ what: 'first content after the run is chosen', median: first, worst: first, goal: 500, unit: 'ms' });
    const panel = await webview(page);
    await panel.locator('#rollouts').waitFor();
    rows.push(
      await repeated('another step', 100, (i) => {
        const step = String(100 + i * 97);
        return timed(panel, { field: '#step-slider', value: step, sign: '#rollouts', attribute: 'aria-label', done: `step ${step}` }); // prettier-ignore
      }),
      await repeated('text search over a step', 100, (i) => {
        // A word that every rewrite may have, and one that none has, so that the count changes each time.
        const isFound = i % 2 === 0;
        return timed(panel, {
          field: '#filter-text',
          value: isFound ? 'lumbar merino' : 'zzz',
          sign: '#filter-count',
          done: isFound ? 'of 384 rewrites' : '0 of 384 rewrites',
        });
      }),
    );
    rows.push({ ...(await comparison(page, panel)) });
    const used = await memory(panel);
    rows.push({ what: 'memory of the panel', median: used, worst: used, goal: 200, unit: 'MB' });
    console.log(`panel: ${RUN.steps} steps, ${RUN.steps * RUN.groups * RUN.groupSize} rollouts\n${table(rows)}`);
  },
);

async function comparison(page: Page, panel: FrameLocator): Promise<Measured> {
  const time = await comparing(page, panel);
  return { what: `comparison over ${RUN.evaluated} queries`, median: time, worst: time, goal: 1000, unit: 'ms' };
}
