/** @file Which queries of a comparison are shown, and in which order. Pure. */
import { LANGUAGE, t } from './l10n.ts';
import type { ComparedQuery } from './protocol.ts';

/** Made once: thousands of queries are compared with it. */
const ALPHABET = new Intl.Collator(LANGUAGE);

export const COMPARED = {
  all: t('All queries'),
  gained: t('Gained'),
  lost: t('Lost'),
  same: t('As good as before'),
  malformed: t('Wrong format'),
} as const;

export const COMPARED_ORDERS = {
  gain: t('Gained most first'),
  loss: t('Lost most first'),
  moved: t('List moved most first'),
  query: t('By query'),
} as const;

export interface ComparisonFilter {
  readonly show: keyof typeof COMPARED;
  readonly order: keyof typeof COMPARED_ORDERS;
  /** In the query or either rewrite, whatever the case. */
  readonly text: string;
}

export const NO_COMPARISON_FILTER: ComparisonFilter = { show: 'all', order: 'gain', text: '' };

/** @param minimumEffect a gain or loss of at most this much is none. */
export function shownRows(
  rows: readonly ComparedQuery[],
  { show, order, text }: ComparisonFilter,
  minimumEffect: number,
): readonly ComparedQuery[] {
  const wanted = text.toLowerCase();
  const isWanted = ({ query, a, b }: ComparedQuery): boolean =>
    `${query}\n${a.rewrite ?? ''}\n${b.rewrite ?? ''}`.toLowerCase().includes(wanted);
  const isShown = ({ gain, a, b }: ComparedQuery): boolean => {
    switch (show) {
      case 'all':
        return true;
      case 'gained':
        return gain > minimumEffect;
      case 'lost':
        return gain < -minimumEffect;
      case 'same':
        return Math.abs(gain) <= minimumEffect;
      case 'malformed':
        return a.rewrite === null || b.rewrite === null;
    }
  };
  return rows.filter((row) => isShown(row) && isWanted(row)).sort(BY[order]);
}

const BY: Readonly<Record<ComparisonFilter['order'], (x: ComparedQuery, y: ComparedQuery) => number>> = {
  gain: (x, y) => y.gain - x.gain,
  loss: (x, y) => x.gain - y.gain,
  moved: (x, y) => x.overlap - y.overlap,
  query: (x, y) => ALPHABET.compare(x.query, y.query),
};
