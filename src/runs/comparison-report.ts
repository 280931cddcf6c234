/**
 * @file A comparison as a report for people who do not have the run: Markdown with two pictures, the means with their intervals
 * and the gain of every query. Pure.
 */
import type { ComparedRow, Comparison } from './comparison.ts';
import type { Interval } from './statistics.ts';

/** Queries of each end that the report names. */
const NAMED = 10;

export interface ReportPicture {
  /** Of its file, which belongs beside the report. */
  readonly name: string;
  readonly svg: string;
}

export interface ComparisonReport {
  readonly markdown: string;
  readonly pictures: readonly ReportPicture[];
}

/**
 * @param comparisons all with the same side `a`; at least one.
 * @param stem what the names of the pictures begin with.
 */
export function comparisonReport(comparisons: readonly Comparison[], run: string, stem: string): ComparisonReport {
  const [first] = comparisons;
  const means = { name: `${stem}-means.svg`, svg: meansPicture(comparisons) };
  const gains = comparisons.map((comparison, i) => ({
    name: `${stem}-gains-${i + 1}.svg`,
    svg: gainsPicture(comparison),
  }));
  const title = `# ${run}: ${first.metric.toUpperCase()} on ${first.rows.length} ${first.split} queries`;
  const sections = comparisons.map((comparison, i) => section(comparison, gains[i].name));
  const markdown = [title, meansTable(comparisons), `![Means with 95 % intervals](${means.name})`, ...sections];
  return { markdown: `${markdown.join('\n\n')}\n`, pictures: [means, ...gains] };
}

function meansTable(comparisons: readonly Comparison[]): string {
  const [{ a, meanA, intervalA }] = comparisons;
  const rows = comparisons.map((c) => [
    cell(c.b),
    `${decimal(c.meanB)} ${between(c.intervalB)}`,
    `${signed(c.difference)} ${between(c.differenceInterval)}`,
    c.pValue < 0.001 ? '< 0.001' : decimal(c.pValue),
    `${c.wins} / ${c.ties} / ${c.losses}`,
  ]);
  return [
    '| checkpoint | mean | difference | p | better / same / worse |',
    '| --- | --- | --- | --- | --- |',
    `| ${cell(a)} | ${decimal(meanA)} ${between(intervalA)} | | | |`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
    'Intervals: 95 % bootstrap over the queries. p: two-sided paired randomisation test.',
  ].join('\n');
}

function section(comparison: Comparison, picture: string): string {
  const { a, b, rows, settings, minimumEffect } = comparison;
  const gained = rows.filter(({ gain }) => gain > minimumEffect).slice(0, NAMED);
  const lost = rows
    .filter(({ gain }) => gain < -minimumEffect)
    .slice(-NAMED)
    .reverse();
  const parts = [`## ${b} against ${a}`, `![Gain of each query](${picture})`];
  if (gained.length > 0) parts.push('### Gained most', queriesTable(gained, comparison));
  if (lost.length > 0) parts.push('### Lost most', queriesTable(lost, comparison));
  if (settings.length > 0) {
    const lines = settings.map((setting) => `| ${setting.name} | ${cell(setting.a)} | ${cell(setting.b)} |`);
    parts.push(
      '### Settings that differ',
      ['| setting | ' + cell(a) + ' | ' + cell(b) + ' |', '| --- | --- | --- |', ...lines].join('\n'),
    );
  }
  return parts.join('\n\n');
}

function queriesTable(rows: readonly ComparedRow[], { a, b, metric }: Comparison): string {
  const lines = rows.map((row) =>
    [
      cell(row.query),
      cell(row.a.rewrite ?? row.a.format),
      cell(row.b.rewrite ?? row.b.format),
      decimal(row.a.metrics[metric]),
      decimal(row.b.metrics[metric]),
      signed(row.gain),
    ].join(' | '),
  );
  const head = `| query | ${cell(a)} | ${cell(b)} | before | after | gain |`;
  return [head, '| --- | --- | --- | --- | --- | --- |', ...lines.map((line) => `| ${line} |`)].join('\n');
}

/** Each side a line: its interval, and a dot for its mean. */
function meansPicture(comparisons: readonly Comparison[]): string {
  const [{ a, meanA, intervalA }] = comparisons;
  const sides = [
    { name: a, mean: meanA, interval: intervalA },
    ...comparisons.map(({ b, meanB, intervalB }) => ({ name: b, mean: meanB, interval: intervalB })),
  ];
  const [low, high] = [
    Math.min(...sides.map(({ interval }) => interval[0])),
    Math.max(...sides.map(({ interval }) => interval[1])),
  ];
  const x = (value: number): number => 220 + ((value - low) / (high - low || 1)) * 380;
  const lines = sides.map(({ name, mean, interval }, i) => {
    const y = 24 + i * 28;
    const short = name.split(/[\\/]/).at(-1) ?? name;
    return `<text x="208" y="${y + 4}" text-anchor="end">${escaped(short)}</text>
  <path d="M${x(interval[0])} ${y}H${x(interval[1])}" stroke="#888" stroke-width="2"/>
  <circle cx="${x(mean)}" cy="${y}" r="5" fill="${i === 0 ? '#888' : '#1a85ff'}"/>
  <text x="${x(mean)}" y="${y - 8}" text-anchor="middle" font-size="10">${decimal(mean)}</text>`;
  });
  return picture(640, sides.length * 28 + 24, lines);
}

/** Every query a bar, the largest gain first. */
function gainsPicture({ rows }: Comparison): string {
  const largest = Math.max(...rows.map(({ gain }) => Math.abs(gain)), Number.MIN_VALUE);
  const width = 600 / rows.length;
  const bars = rows.map(({ gain }, i) => {
    const height = (Math.abs(gain) / largest) * 70;
    const color = gain > 0 ? '#388a34' : '#d13438';
    return `<rect x="${20 + i * width}" y="${gain > 0 ? 80 - height : 80}" width="${width}" height="${height}" fill="${color}"/>`;
  });
  return picture(640, 160, [`<path d="M20 80H620" stroke="#888"/>`, ...bars]);
}

function picture(width: number, height: number, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
  <rect width="${width}" height="${height}" fill="#fff"/>
  ${parts.join('\n  ')}
</svg>
`;
}

function between([low, high]: Interval): string {
  return `[${decimal(low)}, ${decimal(high)}]`;
}

function decimal(value: number): string {
  return value.toFixed(3);
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}

/** Text in a table's cell. */
function cell(value: string | number | null): string {
  return value === null
    ? '–'
    : String(value)
        .replaceAll('|', String.raw`\|`)
        .replaceAll(/\s+/g, ' ');
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
