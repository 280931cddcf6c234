/** @file The sides of a comparison with their means: a table with an interval for each, and what separates it from the first. */
import { html, svg, type TemplateResult } from 'lit';
import { t } from './l10n.ts';
import { decimal, pValueText, signed } from './numbers.ts';
import type { Effects } from './panel.ts';
import type { ComparisonResult, ShownComparison } from './protocol.ts';
import { shortName } from './short-name.ts';

type Interval = readonly [number, number];

const WIDTH = 160;
const HEIGHT = 14;

/** @param shown the place of the one that is shown query by query. */
export function meansView({ comparisons }: ComparisonResult, shown: number, effects: Effects): TemplateResult {
  const [first] = comparisons;
  const intervals = [first.intervalA, ...comparisons.map(({ intervalB }) => intervalB)];
  const scale: Interval = [Math.min(...intervals.map(([low]) => low)), Math.max(...intervals.map(([, high]) => high))];
  return html`<table id="comparison-means">
    <caption>
      ${captionOf(first)}
    </caption>
    <thead>
      <tr>
        <th scope="col">${t('Checkpoint')}</th>
        <th scope="col" class="number">${t('Mean')}</th>
        <th scope="col">${t('95 % interval')}</th>
        <th scope="col" class="number">${t('Difference')}</th>
        <th scope="col" class="number">${t('Chance')}</th>
        <th scope="col">${t('Better / same / worse')}</th>
      </tr>
    </thead>
    <tbody>
      <tr>
        <th scope="row" title=${first.a}>${shortName(first.a)}</th>
        <td class="number">${decimal(first.meanA)}</td>
        <td>${intervalView(first.meanA, first.intervalA, scale)}</td>
        <td class="number same">${t('what the others are held against')}</td>
        <td></td>
        <td></td>
      </tr>
      ${comparisons.map((comparison, place) => sideView(comparison, place, { shown, scale, effects }))}
    </tbody>
  </table>`;
}

function captionOf({ metric, rows, split }: ShownComparison): string {
  const name = metric.toUpperCase();
  return rows.length === 1
    ? t('{0} on 1 {1} query', name, split)
    : t('{0} on {1} {2} queries', name, rows.length, split);
}

function sideView(
  comparison: ShownComparison,
  place: number,
  { shown, scale, effects }: { readonly shown: number; readonly scale: Interval; readonly effects: Effects },
): TemplateResult {
  const { b, meanB, intervalB, difference, differenceInterval, pValue, wins, ties, losses } = comparison;
  const isShown = place === shown;
  return html`<tr class=${difference > 0 ? 'gain' : difference < 0 ? 'loss' : ''}>
    <th scope="row">
      <button
        class="choice"
        aria-pressed=${isShown}
        title=${t('Show {0} query by query', b)}
        @click=${() => {
          effects.act({ kind: 'compared', comparison: { shown: place } });
        }}
      >
        ${shortName(b)}
      </button>
    </th>
    <td class="number">${decimal(meanB)}</td>
    <td>${intervalView(meanB, intervalB, scale)}</td>
    <td class="number">
      <b class="gained difference">${signed(difference)}</b>
      <span class="places">[${differenceInterval.map((end) => signed(end)).join(', ')}]</span>
    </td>
    <td class="number p-value">${pValueText(pValue)}</td>
    <td><span class="wins">${wins}</span> / ${ties} / ${losses}</td>
  </tr>`;
}

/** A mean on the line of its interval; all of a table share the scale. */
function intervalView(mean: number, [low, high]: Interval, [from, to]: Interval): TemplateResult {
  const x = (value: number): number => 4 + ((value - from) / (to - from || 1)) * (WIDTH - 8);
  const words = t('{0} to {1}', decimal(low), decimal(high));
  return html`<svg class="interval" width=${WIDTH} height=${HEIGHT} role="img" aria-label=${words}>
    <title>${words}</title>
    ${svg`<line x1=${x(low)} y1=${HEIGHT / 2} x2=${x(high)} y2=${HEIGHT / 2} /><circle cx=${x(mean)} cy=${HEIGHT / 2} r="4" />`}
  </svg>`;
}
