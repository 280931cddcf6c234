/**
 * @file Queries in the syntax of Lucene's classic query parser, default operator OR, over the one field `contents`.
 *
 * What surprises, and is as there: AND and OR bind nothing, they only make their neighbours required (`a AND b OR c` is
 * `+a +b c`); `+`, `-` and NOT mark one clause; a query of forbidden clauses alone finds nothing; stop words vanish, and leave a
 * gap inside a phrase; `wi-fi` is two optional words, not a phrase; a word with `*` or `?` is matched with the index terms, which
 * are stemmed and lower case, and scores a constant 1, and so does a range `[a TO b]`; `?` at the end of a question is such a
 * sign.
 *
 * What Lucene refuses is `malformed` here. `unsupported` is what Lucene takes and we do not: fuzzy words (`word~`, whose scores
 * are a blend that Lucene itself does not give twice), regular expressions (`/…/`, usually a slash between two words), and fields other than
 * `contents` (`title: word`, usually a colon in plain text; Lucene silently finds nothing). Both are to be searched as plain
 * words, and to say so. Unlike in Lucene, parentheses deeper than {@link MAX_DEPTH} are malformed (its parser overflows its
 * stack), and there is no limit of 1,024 clauses.
 */
import { compareCodePoints } from '../../base/order.ts';
import { analyze, analyzePositions, lowerCase } from '../analysis/analyzer.ts';
import {
  type BooleanQuery,
  type Clause,
  type Occur,
  type PhraseQuery,
  type Query,
  type TermQuery,
  type TermSetQuery,
  boosted,
} from './query.ts';
import { QuerySyntaxError, QueryTokens, type Token } from './query-tokens.ts';
import { wildcardMatcher } from './wildcard.ts';

const FIELD = 'contents';
const MAX_DEPTH = 500;
const MAX_SLOP = 2 ** 31 - 1;

export type ParsedQuery =
  /** No query when all words were stop words: nothing is found. */
  | { readonly kind: 'query'; readonly query: Query | undefined }
  /** The reason completes “this is not valid query syntax, for …”. */
  | { readonly kind: 'malformed'; readonly reason: string }
  /** The reason names what is not supported. */
  | { readonly kind: 'unsupported'; readonly reason: string };

/** Parses a query; never throws, and takes time in proportion to its length. */
export function parseQuery(text: string): ParsedQuery {
  try {
    return new QueryParser(text).parse();
  } catch (error) {
    if (!(error instanceof QuerySyntaxError)) throw error;
    return { kind: 'malformed', reason: error.message };
  }
}

type Conjunction = 'AND' | 'OR' | 'none';

/** By recursive descent; each method reads one rule of Lucene's grammar. */
class QueryParser {
  readonly #tokens: QueryTokens;
  #unsupported: string | undefined;

  constructor(text: string) {
    this.#tokens = new QueryTokens(text);
  }

  parse(): ParsedQuery {
    const query = this.#query(0);
    const rest = this.#tokens.peek();
    if (rest.kind !== 'end') throw unexpected(rest);
    if (this.#unsupported !== undefined) return { kind: 'unsupported', reason: this.#unsupported };
    return { kind: 'query', query };
  }

  #query(depth: number): Query | undefined {
    if (depth > MAX_DEPTH) throw new QuerySyntaxError(`its parentheses are more than ${MAX_DEPTH} deep`);
    const clauses: Clause[] = [];
    const first = this.#firstClauses(clauses, depth);
    while (this.#clauseFollows()) {
      if (this.#plainWordsFollow()) this.#plainWords(clauses);
      else addClause(clauses, this.#conjunction(), this.#modifier(), this.#clause(depth));
    }
    if (clauses.length === 1 && first) return first;
    return clauses.length === 0 ? undefined : { kind: 'boolean', clauses, boost: 1 };
  }

  /** The query of what stands first, unless it is marked as required or forbidden. */
  #firstClauses(clauses: Clause[], depth: number): Query | undefined {
    if (this.#plainWordsFollow()) return this.#plainWords(clauses);
    const occur = this.#modifier();
    const query = this.#clause(depth);
    addClause(clauses, 'none', occur, query);
    return occur === 'should' ? query : undefined;
  }

  #clauseFollows(): boolean {
    const { kind } = this.#tokens.peek();
    return kind !== 'end' && kind !== ')' && kind !== ':' && kind !== '^' && kind !== '~';
  }

  /** Whether two words stand together that nothing else claims: they and those after them are analysed as one text. */
  #plainWordsFollow(): boolean {
    return this.#tokens.peek().kind === 'word' && this.#isPlainWord(1);
  }

  #isPlainWord(skip: number): boolean {
    if (this.#tokens.peek(skip).kind !== 'word') return false;
    const next = this.#tokens.peek(skip + 1).kind;
    return next !== ':' && next !== '*' && next !== '~' && next !== '^' && next !== 'AND' && next !== 'OR';
  }

  #plainWords(clauses: Clause[]): Query | undefined {
    const words = [this.#tokens.take().text];
    while (this.#isPlainWord(0)) words.push(this.#tokens.take().text);
    const query = wordsQuery(unescaped(words.join(' ')));
    if (query?.kind === 'boolean') for (const clause of query.clauses) clauses.push(clause);
    else if (query) clauses.push({ occur: 'should', query });
    return query;
  }

  #conjunction(): Conjunction {
    const { kind } = this.#tokens.peek();
    if (kind !== 'AND' && kind !== 'OR') return 'none';
    this.#tokens.take();
    return kind;
  }

  #modifier(): Occur {
    const { kind } = this.#tokens.peek();
    if (kind !== '+' && kind !== '-' && kind !== 'NOT') return 'should';
    this.#tokens.take();
    return kind === '+' ? 'must' : 'not';
  }

  #clause(depth: number): Query | undefined {
    const field = this.#field();
    const { kind } = this.#tokens.peek();
    if (field === '*' && kind === '*') {
      // All documents: the one pattern that may begin with a star. Its field is not supported, so it is only read over.
      this.#tokens.take();
      this.#suffixes();
      return undefined;
    }
    return kind === '(' ? this.#group(depth) : this.#term();
  }

  #field(): string {
    const { kind, text } = this.#tokens.peek();
    if ((kind !== 'word' && kind !== '*') || this.#tokens.peek(1).kind !== ':') return FIELD;
    const field = unescaped(text);
    this.#tokens.take();
    this.#tokens.take();
    if (field !== FIELD) this.#unsupported ??= `the field “${field}:”`;
    return field;
  }

  #group(depth: number): Query | undefined {
    this.#tokens.take();
    const query = this.#query(depth + 1);
    const closing = this.#tokens.take();
    if (closing.kind === 'end') throw new QuerySyntaxError('a parenthesis is never closed');
    if (closing.kind !== ')') throw unexpected(closing);
    return this.#tokens.peek().kind === '^' ? maybeBoosted(query, this.#boost()) : query;
  }

  #term(): Query | undefined {
    const token = this.#tokens.take();
    if (token.kind === '[' || token.kind === '{') return this.#range(token.kind === '[');
    if (token.kind === 'quoted') return this.#quoted(token.text);
    if (!['word', 'bare sign', 'prefix', 'wildcard', '*', 'regex'].includes(token.kind)) throw unexpected(token);
    const { slop, boost } = this.#suffixes();
    return maybeBoosted(this.#bare(token, slop), boost);
  }

  /** `^2~3` or `~3^2`; either may be missing. */
  #suffixes(): { readonly slop: string | undefined; readonly boost: number } {
    const before = this.#slop();
    const boost = this.#tokens.peek().kind === '^' ? this.#boost() : undefined;
    const slop = before ?? (boost === undefined ? undefined : this.#slop());
    return { slop, boost: boost ?? 1 };
  }

  #slop(): string | undefined {
    return this.#tokens.peek().kind === '~' ? this.#tokens.take().text.slice(1) : undefined;
  }

  #boost(): number {
    this.#tokens.take();
    const { text } = this.#tokens.take();
    const boost = Math.fround(Number(text));
    if (boost === Infinity) throw new QuerySyntaxError('a boost is too large');
    return boost;
  }

  #bare({ kind, text }: Token, slop: string | undefined): Query | undefined {
    const word = unescaped(text);
    switch (kind) {
      case '*':
      case 'wildcard':
        return wildcardQuery(text);
      case 'prefix':
        return prefixQuery(unescaped(text.slice(0, -1)));
      case 'regex':
        this.#unsupported ??= `a regular expression between slashes, ${text}`;
        return undefined;
      case 'bare sign':
        return undefined;
      default:
        if (slop === undefined) return wordsQuery(word);
        checkEdits(slop);
        this.#unsupported ??= `the fuzzy word ${word}~`;
        return undefined;
    }
  }

  #quoted(text: string): Query | undefined {
    const { slop, boost } = this.#suffixes();
    const query = phraseQuery(unescaped(text.slice(1, -1)), slop === undefined ? 0 : slopOf(slop));
    return maybeBoosted(query, boost);
  }

  #range(includesLow: boolean): Query {
    const low = this.#bound();
    if (this.#tokens.take().kind !== 'TO') throw new QuerySyntaxError('a range is not of the form [low TO high]');
    const high = this.#bound();
    const { kind } = this.#tokens.take();
    if (kind !== ']' && kind !== '}') throw new QuerySyntaxError('a range is not of the form [low TO high]');
    const boost = this.#tokens.peek().kind === '^' ? this.#boost() : 1;
    return { ...rangeQuery(low, high, includesLow, kind === ']'), boost };
  }

  /** One end of a range as an index term; undefined for an open one. */
  #bound(): string | undefined {
    const { kind, text } = this.#tokens.take();
    if (kind === 'quoted bound') return lowerCase(unescaped(text.slice(1, -1)));
    if (kind !== 'bound' && kind !== 'TO') throw new QuerySyntaxError('a range is not of the form [low TO high]');
    return text === '*' ? undefined : lowerCase(unescaped(text));
  }
}

function unexpected({ kind, text }: Token): QuerySyntaxError {
  if (kind === 'end') return new QuerySyntaxError('it ends where a word is expected');
  return new QuerySyntaxError(
    kind === ')' ? 'a closing parenthesis has none to close' : `“${text.trim()}” is not expected where it stands`,
  );
}

/**
 * What joins and marks a clause decides what it must do: AND makes it and the clause before it required, `+` and `-` (NOT) this
 * one alone, and OR nothing. A clause without words is nothing, but its AND still counts.
 */
function addClause(clauses: Clause[], conjunction: Conjunction, occur: Occur, query: Query | undefined): void {
  const before = clauses.at(-1);
  if (conjunction === 'AND' && before && before.occur !== 'not')
    clauses[clauses.length - 1] = { ...before, occur: 'must' };
  if (!query) return;
  clauses.push({ occur: conjunction === 'AND' && occur === 'should' ? 'must' : occur, query });
}

function maybeBoosted(query: Query | undefined, boost: number): Query | undefined {
  return query && boosted(query, boost);
}

/** One term, or an optional clause for each. */
function wordsQuery(text: string): TermQuery | BooleanQuery | undefined {
  const queries = analyze(text).map((term): TermQuery => ({ kind: 'term', term, boost: 1 }));
  if (queries.length < 2) return queries.at(0);
  return { kind: 'boolean', clauses: queries.map((query) => ({ occur: 'should', query })), boost: 1 };
}

function phraseQuery(text: string, slop: number): TermQuery | PhraseQuery | undefined {
  const terms = analyzePositions(text);
  if (terms.length === 0) return undefined;
  const [{ term, position: start }] = terms;
  if (terms.length === 1) return { kind: 'term', term, boost: 1 };
  if (slop < 0) throw new QuerySyntaxError(`the slop ~${slop} is negative`);
  const fromStart = terms.map(({ term, position }) => ({ term, position: position - start }));
  return { kind: 'phrase', terms: fromStart, slop, boost: 1 };
}

function prefixQuery(text: string): TermSetQuery {
  if (text.startsWith('*')) throw new QuerySyntaxError('a word begins with “*”');
  const prefix = lowerCase(text);
  return { kind: 'terms', form: 'prefix', label: `${prefix}*`, has: (term) => term.startsWith(prefix), boost: 1 };
}

function wildcardQuery(text: string): TermSetQuery {
  if (/^[*?]/.test(text)) throw new QuerySyntaxError(`a word begins with “${text[0]}”`);
  const pattern = text.replace(/\\[^]|[^\\*?]+/g, (part) => (part.startsWith('\\') ? part : lowerCase(part)));
  return { kind: 'terms', form: 'pattern', label: pattern, has: wildcardMatcher(pattern), boost: 1 };
}

function rangeQuery(
  low: string | undefined,
  high: string | undefined,
  includesLow: boolean,
  includesHigh: boolean,
): TermSetQuery {
  const label = `${includesLow ? '[' : '{'}${low ?? '*'} TO ${high ?? '*'}${includesHigh ? ']' : '}'}`;
  const above = (term: string): boolean => low === undefined || compareCodePoints(low, term) < (includesLow ? 1 : 0);
  const below = (term: string): boolean => high === undefined || compareCodePoints(term, high) < (includesHigh ? 1 : 0);
  return { kind: 'terms', form: 'range', label, has: (term) => above(term) && below(term), boost: 1 };
}

/** Java's Float.parseFloat, but for hexadecimal; undefined where that throws. */
function javaFloat(text: string): number | undefined {
  const match = /^([+-]?(?:NaN|Infinity|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?))[fFdD]?$/.exec(text);
  return match ? Math.fround(Number(match[1])) : undefined;
}

/** A number's whole part; what is no number counts as none given. */
function slopOf(text: string): number {
  const slop = Math.trunc(javaFloat(text) ?? 0);
  return Number.isNaN(slop) ? 0 : Math.min(slop, MAX_SLOP);
}

/** Refuses edit distances that Lucene refuses. */
function checkEdits(text: string): void {
  const edits = javaFloat(text) ?? 0;
  if (edits < 0 || (edits >= 1 && !Number.isInteger(edits))) throw new QuerySyntaxError(`~${text} is no edit distance`);
}

/** Without backslashes: each makes the next character plain, and `\u0041` is an A. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([^u])|[^]*)/g, (_, code?: string, char?: string) => {
    if (code !== undefined) return String.fromCharCode(parseInt(code, 16));
    if (char !== undefined) return char;
    throw new QuerySyntaxError('a backslash is followed by half of a character code, or by nothing');
  });
}
