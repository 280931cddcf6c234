/**
 * @file The drawn curves. lit makes the places, uPlot draws in them: a canvas keeps a thousand live points smooth. Only what
 * changes the look (theme, scale, runs) makes a plot anew; a step more is new data.
 *
 * The crosshair is shared; a click chooses the step.
 */
import uPlot from 'uplot';
import { type CurveData, curveData, isPositive, lastStep } from './curve-data.ts';
import { valueAt } from './curves.ts';
import { t } from './l10n.ts';
import { MARKS, markTexts } from './marks.ts';
import { metricText } from './metrics.ts';
import { tickText } from './numbers.ts';
import { type PanelState, wantedStep } from './state.ts';
import { forgetTheme, themeColor, themeFont } from './theme.ts';

const HEIGHT = 124;
/** Of this run, then of those laid over it; with the strokes of `RUN_DASHES`, so that colour is not all that tells them apart. */
export const RUN_COLORS = ['blue', 'orange', 'green', 'purple', 'red', 'yellow'].map(
  (name) => `--vscode-charts-${name}`,
);
const RUN_DASHES = [[], [8, 3], [2, 3], [10, 3, 2, 3], [5, 5], [1, 4]];
const STEP_INCREMENTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];

type ScaleKind = 'linear' | 'log' | 'symmetric log';

interface Drawn {
  readonly plot: uPlot;
  /** Equal for plots that look alike. */
  readonly look: string;
}

interface CurvePlace {
  readonly metric: string;
  readonly place: HTMLElement;
  readonly width: number;
}

export class CurvePlots {
  readonly #drawn = new Map<string, Drawn>();
  readonly #onChoose: (step: number) => void;
  readonly #resized = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      this.#drawn.get(target.id)?.plot.setSize({ width: contentRect.width, height: HEIGHT });
    }
  });
  #state: PanelState | undefined;

  constructor(onChoose: (step: number) => void) {
    this.#onChoose = onChoose;
    new MutationObserver(() => {
      this.#startOver();
    }).observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  }

  update(state: PanelState): void {
    const before = this.#state;
    this.#state = state;
    if (state.steps.length + state.discarded.length === 0) return;
    if (before && !isChanged(before, state)) {
      if (wantedStep(before) !== wantedStep(state)) for (const { plot } of this.#drawn.values()) plot.redraw(false);
      return;
    }
    for (const [id, { plot }] of this.#drawn) {
      if (plot.root.isConnected) continue;
      plot.destroy();
      this.#drawn.delete(id);
    }
    // All widths before the first plot: every plot that is put in makes the page lay itself out again.
    const places = state.curves.metrics.flatMap((metric) => {
      const place = document.getElementById(`curve-${metric}`);
      return place ? [{ metric, place, width: place.clientWidth }] : [];
    });
    for (const place of places) this.#draw(place, state);
  }

  #draw({ metric, place, width }: CurvePlace, state: PanelState): void {
    const data = curveData(metric, state);
    const kind: ScaleKind = state.curves.log ? (isPositive(data) ? 'log' : 'symmetric log') : 'linear';
    const look = `${kind} ${state.overlays.length}`;
    const drawn = this.#drawn.get(place.id);
    if (drawn?.look === look && drawn.plot.root.parentElement === place) {
      drawn.plot.setData(alignedData(data));
      return;
    }
    drawn?.plot.destroy();
    const plot = new uPlot(this.#options(metric, width, kind, state), alignedData(data), place);
    this.#drawn.set(place.id, { plot, look });
    this.#resized.observe(place);
  }

  #startOver(): void {
    forgetTheme();
    for (const { plot } of this.#drawn.values()) plot.destroy();
    this.#drawn.clear();
    const state = this.#state;
    this.#state = undefined;
    if (state) this.update(state);
  }

  #options(metric: string, width: number, kind: ScaleKind, { overlays }: PanelState): uPlot.Options {
    const axis: uPlot.Axis = {
      stroke: themeColor('--vscode-descriptionForeground'),
      grid: { stroke: `color-mix(in srgb, ${themeColor('--vscode-editor-foreground')} 15%, transparent)`, width: 1 },
      ticks: { show: false },
      font: `11px ${themeFont()}`,
      values: (_, ticks) => ticks.map((tick: number | null) => (tick === null ? '' : tickText(tick))),
    };
    return {
      width,
      height: HEIGHT,
      legend: { show: false },
      cursor: { sync: { key: 'steps' }, drag: { x: false, y: false }, points: { size: 6 } },
      scales: {
        x: { time: false, range: () => [0, Math.max(10, this.#state ? lastStep(this.#state) : 0)] },
        y: scaleOf(kind),
      },
      axes: [
        { ...axis, size: 22, space: 36, incrs: STEP_INCREMENTS },
        { ...axis, size: 46, space: 20 },
      ],
      series: series(overlays.length),
      hooks: {
        drawClear: [
          (plot) => {
            if (this.#state) drawMarks(plot, this.#state);
          },
        ],
        setCursor: [
          (plot) => {
            if (this.#state) showValues(plot, metric, this.#state);
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

/** Whether the curves of two states differ in more than the chosen step. */
function isChanged(before: PanelState, after: PanelState): boolean {
  const parts = ['steps', 'discarded', 'evaluations', 'marks', 'curves', 'overlays', 'others'] as const;
  return parts.some((part) => before[part] !== after[part]);
}

/** In the order of `alignedData`. */
function series(others: number): uPlot.Series[] {
  const own = themeColor(RUN_COLORS[0]);
  const taken: uPlot.Series = {
    stroke: themeColor('--vscode-disabledForeground'),
    width: 1,
    dash: [3, 3],
    points: { show: false },
  };
  const evaluated: uPlot.Series = {
    stroke: themeColor('--vscode-foreground'),
    paths: () => null,
    points: { show: true, size: 7, width: 1.5, fill: themeColor('--vscode-editor-background') },
  };
  return [
    {},
    taken,
    { stroke: own, width: 1, alpha: 0.35, points: { show: false } },
    // One step makes no line yet.
    { stroke: own, width: 2, points: { show: ({ data }) => data[0].length < 3, size: 5, fill: own } },
    evaluated,
    ...Array.from({ length: others }, (_, i): uPlot.Series => {
      const look = 1 + (i % (RUN_COLORS.length - 1));
      return {
        stroke: themeColor(RUN_COLORS[look]),
        width: 1.5,
        dash: RUN_DASHES[look],
        points: { show: false },
        spanGaps: true,
      };
    }),
  ];
}

function alignedData({ steps, discarded, raw, smooth, evaluated, others }: CurveData): uPlot.AlignedData {
  return [steps, discarded, raw, smooth, evaluated, ...others];
}

/** Under the curves: what happened when, and the step whose rollouts are shown. */
function drawMarks(plot: uPlot, state: PanelState): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const across = (step: number): number => plot.valToPos(step, 'x', true);
  ctx.save();
  ctx.font = `${10 * ratio}px ${themeFont()}`;
  ctx.textAlign = 'center';
  ctx.lineWidth = ratio;
  for (const { kind, step } of state.marks) {
    const { sign, color, line } = MARKS[kind];
    ctx.strokeStyle = ctx.fillStyle = themeColor(color);
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    if (line) drawLine(ctx, across(step), bbox.top + 10 * ratio, bbox.top + bbox.height);
    const height = line ? bbox.top + 9 * ratio : bbox.top + bbox.height - (kind === 'evaluation' ? 11 : 2) * ratio;
    ctx.fillText(sign, across(step), height);
  }
  const chosen = wantedStep(state);
  if (state.chosenStep !== null && chosen !== null) {
    ctx.setLineDash([]);
    ctx.lineWidth = 2 * ratio;
    ctx.strokeStyle = themeColor('--vscode-focusBorder');
    drawLine(ctx, across(chosen), bbox.top, bbox.top + bbox.height);
  }
  ctx.restore();
}

function drawLine(ctx: CanvasRenderingContext2D, x: number, top: number, bottom: number): void {
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, bottom);
  ctx.stroke();
}

/** Logarithmic around zero is linear below a hundredth. */
function scaleOf(kind: ScaleKind): uPlot.Scale {
  if (kind === 'linear') return { range: padded };
  const scale: uPlot.Scale = { asinh: 0.01 };
  // The numbers of an enum that exists in uPlot's types alone.
  return Object.assign(scale, { distr: kind === 'log' ? 3 : 4 });
}

/** The range of the values with some air; noise in the last digits of a constant is not blown up. */
function padded(_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null) return [0, 1];
  const size = Math.max(Math.abs(low), Math.abs(high));
  const air = Math.max((high - low) * 0.08, size * 0.01, 0.001);
  return [low - air, high + air];
}

/** The values under the crosshair, with those of other runs and what happened there; the newest when the pointer has left. */
function showValues(plot: uPlot, metric: string, state: PanelState): void {
  const place = document.getElementById(`value-${metric}`);
  if (!place) return;
  const index = plot.cursor.idx;
  if (typeof index !== 'number') {
    place.textContent = valueAt(metric, state.steps.at(-1));
    place.title = '';
    return;
  }
  const [steps, , raw, smooth, , ...others] = plot.data;
  const step = steps[index];
  const names = state.overlays.map((dir) => state.others.get(dir)?.info.name ?? '');
  const compared = others.map((column, i) => `${names[i]} ${metricText(metric, column[index])}`);
  place.textContent = [t('step {0}: {1}', step, metricText(metric, raw[index])), ...compared].join(' · ');
  place.title = [t('Smoothed {0}', metricText(metric, smooth[index])), ...markTexts(state.marks, step)].join('\n');
}
