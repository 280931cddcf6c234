/** @file Queries as people read them, in the notation of Lucene: `+red -"running shoe"~2 (blue hat)^2`. */
import type { BooleanQuery, PhraseQuery, Query } from './query.ts';

const MARKS = { must: '+', should: '', not: '-' } as const;

/** A query with its boost. */
export function queryText(query: Query): string {
  const text = textWithoutBoost(query);
  return query.boost === 1 ? text : `${text}^${query.boost}`;
}

export function textWithoutBoost(query: Query): string {
  switch (query.kind) {
    case 'term':
      return query.term;
    case 'terms':
      return query.label;
    case 'phrase':
      return phraseText(query);
    case 'boolean':
      return `(${clausesText(query)})`;
  }
}

function clausesText({ clauses }: BooleanQuery): string {
  return clauses.map(({ occur, query }) => `${MARKS[occur]}${queryText(query)}`).join(' ');
}

/** With a `?` for each stop word. */
function phraseText({ terms, slop }: PhraseQuery): string {
  const words: string[] = [];
  for (const { term, position } of terms) words[position] = term;
  return `"${Array.from(words, (word: string | undefined) => word ?? '?').join(' ')}"${slop === 0 ? '' : `~${slop}`}`;
}
