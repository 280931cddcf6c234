/** @file Numbers and durations as people read them, in the language of the panel's texts. */
import { LANGUAGE } from './l10n.ts';

const TICKS = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 6 });
/** By digits: making a format takes longer than what it formats in a table. */
const formats = new Map<number, Intl.NumberFormat>();

/** Three decimals, or what is shown where there is no number. */
export function decimal(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined || !Number.isFinite(value) ? '–' : fixed(value, digits);
}

/** On an axis: as many digits as the number has, within reason. */
export function tickText(value: number): string {
  return TICKS.format(value).replace('-', '−');
}

/** With its sign, so that a column of changes lines up. */
export function signed(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return '–';
  const size = fixed(Math.abs(value), digits);
  if (size === fixed(0, digits)) return size;
  return value > 0 ? `+${size}` : `−${size}`;
}

/** Such as `412 MB`, `1.8 GB`: powers of ten, as the editor's own process list has them. */
export function bytes(count: number): string {
  if (!Number.isFinite(count)) return '–';
  return count < 1e9 ? `${Math.round(count / 1e6)} MB` : `${fixed(count / 1e9, 1)} GB`;
}

/** Such as `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** A p-value the way papers print it. */
export function pValueText(p: number): string {
  return p < 0.001 ? `p < ${fixed(0.001, 3)}` : `p = ${fixed(p, 3)}`;
}

/** An exponential moving average that starts at the first value; what is not a number is passed over. */
export function smoothed(values: readonly number[], weight: number): number[] {
  let average = NaN;
  return values.map((value) => {
    if (Number.isFinite(value)) average = Number.isFinite(average) ? weight * average + (1 - weight) * value : value;
    return average;
  });
}

/** Without separators of thousands: the numbers stand in columns and beside axes. */
function fixed(value: number, digits: number): string {
  const known = formats.get(digits);
  const format =
    known ??
    new Intl.NumberFormat(LANGUAGE, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      useGrouping: false,
      signDisplay: 'negative',
    });
  if (!known) formats.set(digits, format);
  return format.format(value).replace('-', '−');
}
