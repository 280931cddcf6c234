/** @file Where each test stands in the text of a file of regressions. Knows nothing of the editor. */
import { elementPlaces, memberPlaces } from '../base/json-places.ts';
import type { TextPlace } from './query-file.ts';

/** The beginnings of the tests, in their order; none in text that is not such a file. */
export function regressionPlaces(text: string): readonly TextPlace[] {
  const tests = memberPlaces(text).get('tests');
  if (!tests) return [];
  return elementPlaces(text, tests.start).map(({ start }) => {
    const before = text.slice(0, start).split('\n');
    return { line: before.length - 1, character: before[before.length - 1].length };
  });
}
