/**
 * @file The words and signs of a query in Lucene's classic syntax. As there, the longest token wins (`ANDROID` is a word, `AND`
 * an operator, `+ ` a sign that means nothing), and after `^` and inside ranges other rules hold.
 *
 * Tokens are read as they are asked for: a query is as wrong as its first mistake. Characters are UTF-16 units, as in Java.
 */

export type TokenKind =
  | 'AND'
  | 'OR'
  | 'NOT'
  | '+'
  | '-'
  /** A sign with white space after it: a word without letters. */
  | 'bare sign'
  | '('
  | ')'
  | ':'
  | '*'
  | '^'
  | 'number'
  | 'quoted'
  | 'word'
  | 'prefix'
  | 'wildcard'
  | 'regex'
  | '~'
  | '['
  | '{'
  | ']'
  | '}'
  | 'TO'
  | 'quoted bound'
  | 'bound'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As written; for `~` with what follows it. */
  readonly text: string;
}

/** A query that the syntax does not allow. The message completes “this is not valid query syntax, for …”. */
export class QuerySyntaxError extends Error {}

const WHITE_SPACE = ' \t\n\r\u3000';
const NOT_IN_WORDS = `${WHITE_SPACE}+-!():^[]"{}~*?\\/`;
const KEYWORDS: ReadonlyMap<string, TokenKind> = new Map([
  ['AND', 'AND'],
  ['&&', 'AND'],
  ['OR', 'OR'],
  ['||', 'OR'],
  ['NOT', 'NOT'],
]);

export class QueryTokens {
  readonly #text: string;
  readonly #ahead: Token[] = [];
  #at = 0;
  #mode: 'query' | 'boost' | 'range' = 'query';

  constructor(text: string) {
    this.#text = text;
  }

  /** The token after the next `skip`, which stays. */
  peek(skip = 0): Token {
    while (this.#ahead.length <= skip) this.#ahead.push(this.#read());
    return this.#ahead[skip];
  }

  take(): Token {
    const token = this.peek();
    this.#ahead.shift();
    return token;
  }

  #read(): Token {
    if (this.#mode === 'boost') return this.#readBoost();
    while (this.#at < this.#text.length && WHITE_SPACE.includes(this.#text[this.#at])) this.#at++;
    if (this.#at >= this.#text.length) return { kind: 'end', text: '' };
    return this.#mode === 'range' ? this.#readRangePart() : this.#readQueryPart();
  }

  #readQueryPart(): Token {
    const sign = this.#text[this.#at];
    switch (sign) {
      case '+':
      case '-':
      case '!':
        if (WHITE_SPACE.includes(this.#text[this.#at + 1] ?? '.')) return this.#token('bare sign', this.#at + 2);
        return this.#token(sign === '!' ? 'NOT' : sign, this.#at + 1);
      case '(':
      case ')':
      case ':':
        return this.#token(sign, this.#at + 1);
      case '^':
        this.#mode = 'boost';
        return this.#token(sign, this.#at + 1);
      case '[':
      case '{':
        this.#mode = 'range';
        return this.#token(sign, this.#at + 1);
      case '"':
        return this.#readQuoted();
      case '/':
        return this.#readRegex();
      case '~':
        return this.#token(sign, this.#endOfWord(this.#at + 1));
      default:
        return this.#readWord();
    }
  }

  /** A word, or with `*` and `?` a pattern. */
  #readWord(): Token {
    const start = this.#at;
    const wordEnd = this.#endOfWord(start);
    let end = wordEnd;
    while (end < this.#text.length && '*?'.includes(this.#text[end])) end = this.#endOfWord(end + 1);
    if (end === start) throw new QuerySyntaxError(`“${this.#text[start]}” is not expected where it stands`);
    if (end === wordEnd) return this.#token(KEYWORDS.get(this.#text.slice(start, end)) ?? 'word', end);
    const endsInStar = end === wordEnd + 1 && this.#text[wordEnd] === '*';
    if (!endsInStar) return this.#token('wildcard', end);
    return this.#token(end - start === 1 ? '*' : 'prefix', end);
  }

  /** Where the run of word characters from `at` on ends; a backslash makes any character one of them. */
  #endOfWord(start: number): number {
    let at = start;
    while (at < this.#text.length) {
      const char = this.#text[at];
      if (char === '\\' && at + 1 < this.#text.length) at += 2;
      else if (char === '+' || char === '-' || !NOT_IN_WORDS.includes(char)) at++;
      else break;
    }
    return at;
  }

  #readQuoted(): Token {
    let at = this.#at + 1;
    while (at < this.#text.length && this.#text[at] !== '"') at += this.#text[at] === '\\' ? 2 : 1;
    if (at >= this.#text.length) throw new QuerySyntaxError('a quotation mark is never closed');
    return this.#token('quoted', at + 1);
  }

  #readRegex(): Token {
    const end = endOfDelimited(this.#text, this.#at, '/');
    if (end === undefined)
      throw new QuerySyntaxError('a slash stands alone (a pair of them encloses a regular expression)');
    return this.#token('regex', end);
  }

  #readBoost(): Token {
    const number = /\d+(?:\.\d+)?/y;
    number.lastIndex = this.#at;
    if (!number.test(this.#text)) throw new QuerySyntaxError('no number follows a “^”');
    this.#mode = 'query';
    return this.#token('number', number.lastIndex);
  }

  #readRangePart(): Token {
    const sign = this.#text[this.#at];
    if (sign === ']' || sign === '}') {
      this.#mode = 'query';
      return this.#token(sign, this.#at + 1);
    }
    let end = this.#at;
    while (end < this.#text.length && !' ]}'.includes(this.#text[end])) end++;
    const quotedEnd = sign === '"' ? endOfDelimited(this.#text, this.#at, '"') : undefined;
    if (quotedEnd !== undefined && quotedEnd > this.#at + 2 && quotedEnd >= end)
      return this.#token('quoted bound', quotedEnd);
    return this.#token(this.#text.slice(this.#at, end) === 'TO' ? 'TO' : 'bound', end);
  }

  #token(kind: TokenKind, end: number): Token {
    const text = this.#text.slice(this.#at, end);
    this.#at = end;
    return { kind, text };
  }
}

/**
 * The end of a text between two equal signs; one after a backslash does not close it, unless it is the last. Undefined when
 * nothing closes it.
 */
function endOfDelimited(text: string, start: number, sign: string): number | undefined {
  let end: number | undefined;
  for (let at = text.indexOf(sign, start + 1); at >= 0; at = text.indexOf(sign, at + 1)) {
    end = at + 1;
    if (text[at - 1] !== '\\') break;
  }
  return end;
}
