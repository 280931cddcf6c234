/**
 * @file The curves over the steps. lit makes the places, uPlot draws in them: a canvas keeps a thousand live points smooth.
 *
 * Each has the raw values faint, their moving average strong, what a resume took back in grey, and evaluations as points.
 * The crosshair is shared; a click chooses the step whose rollouts are shown.
 */
import { html, type TemplateResult } from 'lit';
import uPlot from 'uplot';
import { decimal, smoothed } from './numbers.ts';
import { mainMetric, type PanelState, type StepPoint } from './state.ts';

interface Curve {
  readonly metric: string;
  readonly title: string;
  readonly color: string;
  readonly digits: number;
  /** Whether the NDCG of evaluations is drawn into it. */
  readonly evaluations?: true;
}

const CURVES: readonly Curve[] = [
  { metric: 'reward', title: 'Reward', color: '--vscode-charts-blue', digits: 3 },
  { metric: 'ndcg', title: 'NDCG', color: '--vscode-charts-green', digits: 3, evaluations: true },
  { metric: 'kl', title: 'KL to the start policy', color: '--vscode-terminal-ansiCyan', digits: 4 },
  { metric: 'entropy', title: 'Entropy', color: '--vscode-charts-purple', digits: 3 },
  { metric: 'length', title: 'Length in tokens', color: '--vscode-charts-yellow', digits: 1 },
  { metric: 'formatOk', title: 'Right format', color: '--vscode-charts-red', digits: 2 },
];

const SMOOTHING = 0.8;
const HEIGHT = 116;

export function curvesView(state: PanelState): TemplateResult {
  return html`<section class="curves" aria-label="Curves">
    ${CURVES.map(
      (curve) =>
        html`<figure>
          <figcaption>
            ${curve.title}
            <output
              id="value-${curve.metric}"
              .textContent=${decimal(state.steps.at(-1)?.metrics[curve.metric], curve.digits)}
            ></output>
          </figcaption>
          <div class="curve" id="curve-${curve.metric}" role="img" aria-label=${description(curve, state.steps)}></div>
        </figure>`,
    )}
  </section>`;
}

/** What a screen reader says in place of the picture. */
function description({ metric, title, digits }: Curve, steps: readonly StepPoint[]): string {
  if (steps.length === 0) return `${title}: no step yet`;
  const first = decimal(steps[0].metrics[metric], digits);
  const last = decimal(steps.at(-1)!.metrics[metric], digits);
  return `${title} over ${steps.length} steps: from ${first} to ${last}`;
}

/** The drawn curves. Remade when the theme or the width changes, otherwise only given new data. */
export class Curves {
  readonly #plots = new Map<string, uPlot>();
  readonly #onChoose: (step: number) => void;
  readonly #resized = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      this.#plots.get(target.id)?.setSize({ width: contentRect.width, height: HEIGHT });
    }
  });
  #state: PanelState | undefined;

  constructor(onChoose: (step: number) => void) {
    this.#onChoose = onChoose;
    new MutationObserver(() => {
      this.#redraw();
    }).observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  }

  update(state: PanelState): void {
    const unchanged =
      this.#state?.steps === state.steps &&
      this.#state.discarded === state.discarded &&
      this.#state.evaluations === state.evaluations;
    this.#state = state;
    if (unchanged || state.steps.length + state.discarded.length === 0) return;
    for (const curve of CURVES) this.#draw(curve, state);
  }

  #draw(curve: Curve, state: PanelState): void {
    const place = document.getElementById(`curve-${curve.metric}`);
    if (!place) return;
    const data = dataOf(curve, state);
    const plot = this.#plots.get(place.id);
    if (plot?.root.isConnected) {
      plot.setData(data);
      return;
    }
    plot?.destroy();
    this.#plots.set(place.id, new uPlot(this.#options(curve, place.clientWidth), data, place));
    this.#resized.observe(place);
  }

  #redraw(): void {
    for (const plot of this.#plots.values()) plot.destroy();
    this.#plots.clear();
    const state = this.#state;
    this.#state = undefined;
    if (state) this.update(state);
  }

  #options({ color, metric, digits }: Curve, width: number): uPlot.Options {
    const theme = getComputedStyle(document.body);
    const token = (name: string): string => theme.getPropertyValue(name).trim() || theme.color;
    const axis = {
      stroke: token('--vscode-descriptionForeground'),
      grid: { stroke: `color-mix(in srgb, ${theme.color} 15%, transparent)`, width: 1 },
      ticks: { show: false },
      font: `11px ${theme.fontFamily}`,
    };
    const line = token(color);
    return {
      width,
      height: HEIGHT,
      legend: { show: false },
      cursor: { sync: { key: 'steps' }, drag: { x: false, y: false }, points: { size: 6 } },
      scales: { x: { time: false, range: (_, __, last) => [0, Math.max(10, last)] }, y: { range: padded } },
      axes: [
        { ...axis, size: 22, space: 36, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] },
        { ...axis, size: 46, space: 20 },
      ],
      series: [
        {},
        { stroke: token('--vscode-disabledForeground'), width: 1, dash: [3, 3], points: { show: false } },
        { stroke: line, width: 1, alpha: 0.35, points: { show: false } },
        // One step makes no line yet.
        { stroke: line, width: 2, points: { show: ({ data }) => data[0].length < 3, size: 5, fill: line } },
        {
          stroke: token('--vscode-foreground'),
          paths: () => null,
          points: { show: true, size: 7, width: 1.5, fill: token('--vscode-editor-background') },
        },
      ],
      hooks: {
        setCursor: [
          (plot) => {
            showValue(plot, metric, digits);
          },
        ],
        ready: [
          (plot) => {
            plot.over.addEventListener('click', () => {
              const { idx } = plot.cursor;
              if (typeof idx === 'number') this.#onChoose(plot.data[0][idx]);
            });
          },
        ],
      },
    };
  }
}

/** The range of the values with some air; noise in the last digits of a constant is not blown up. */
function padded(_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null) return [0, 1];
  const size = Math.max(Math.abs(low), Math.abs(high));
  const air = Math.max((high - low) * 0.08, size * 0.01, 0.001);
  return [low - air, high + air];
}

/** The value under the crosshair, or the newest when the pointer has left. */
function showValue(plot: uPlot, metric: string, digits: number): void {
  const place = document.getElementById(`value-${metric}`);
  if (!place) return;
  const index = plot.cursor.idx;
  const raw = plot.data[2] as (number | null)[];
  if (typeof index === 'number') place.textContent = `step ${plot.data[0][index]}: ${decimal(raw[index], digits)}`;
  else
    place.textContent = decimal(
      raw.findLast((value) => value !== null),
      digits,
    );
}

/** Steps, then the columns that the series are drawn from: taken back, raw, smoothed, evaluations. */
function dataOf({ metric, evaluations }: Curve, state: PanelState): uPlot.AlignedData {
  const known = (points: readonly StepPoint[]): ReadonlyMap<number, number> =>
    new Map(points.map(({ step, metrics }) => [step, metrics[metric]]));
  const raw = known(state.steps);
  const takenBack = known(state.discarded);
  const averages = smoothed([...raw.values()], SMOOTHING);
  const smooth = new Map([...raw.keys()].map((step, i) => [step, averages[i]]));
  const evaluated = new Map(
    evaluations ? state.evaluations.map(({ step, metrics }) => [step, metrics[mainMetric(metrics)]]) : [],
  );
  const columns = [takenBack, raw, smooth, evaluated];
  const steps = [...new Set(columns.flatMap((column) => [...column.keys()]))].sort((a, b) => a - b);
  const column = (values: ReadonlyMap<number, number>): (number | null)[] =>
    steps.map((step) => {
      const value = values.get(step);
      return value === undefined || !Number.isFinite(value) ? null : value;
    });
  return [steps, ...columns.map(column)] as uPlot.AlignedData;
}
