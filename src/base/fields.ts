/**
 * @file Options out of JSON that a person wrote, field by field: every one is read through one check, and one that is not
 * known is an error, so a misspelt option never passes silently.
 */
import { type Row, describe, isRow } from './checks.ts';
import { UserError } from './errors.ts';

interface NumberList {
  readonly count?: number;
  readonly min: number;
  readonly max: number;
}

/** The fields of one object, read one by one; at the end none may be left. */
export class Fields {
  readonly where: string;
  readonly #row: Row;
  readonly #read = new Set<string>();

  constructor(row: Row, where: string) {
    this.#row = row;
    this.where = where;
  }

  names(): string[] {
    return Object.keys(this.#row);
  }

  missing(name: string): never {
    throw new UserError(`${this.where}: "${name}" is missing.`);
  }

  /** @throws UserError when there is a field that was not read. */
  end(): void {
    const unknown = this.names().find((name) => !this.#read.has(name));
    if (unknown === undefined) return;
    throw new UserError(
      `${this.where}: there is no option "${unknown}" here; known are ${[...this.#read].sort().join(', ')}.`,
    );
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.missing(name);
  }

  optionalText(name: string): string | undefined {
    return this.#checked(name, 'a text that is not empty', isText);
  }

  /** A text that may be empty. */
  anyText(name: string): string | undefined {
    return this.#checked(name, 'a text', (value) => typeof value === 'string');
  }

  choice<T extends string>(name: string, values: readonly T[]): T | undefined {
    const isValue = (value: unknown): value is T => values.some((known) => known === value);
    return this.#checked(name, `one of ${values.join(', ')}`, isValue);
  }

  whole(name: string, min: number, max: number): number | undefined {
    const isWhole = (value: unknown): value is number =>
      Number.isInteger(value) && min <= Number(value) && Number(value) <= max;
    return this.#checked(name, `a whole number from ${min} to ${max}`, isWhole);
  }

  texts(name: string): readonly string[] | undefined {
    const areTexts = (value: unknown): value is readonly string[] =>
      Array.isArray(value) && value.length > 0 && value.every(isText);
    return this.#checked(name, 'a list of texts', areTexts);
  }

  list(name: string, least: number): readonly unknown[] | undefined {
    const isLong = (value: unknown): value is readonly unknown[] => Array.isArray(value) && value.length >= least;
    return this.#checked(name, `a list of at least ${least}`, isLong);
  }

  flag(name: string): boolean | undefined {
    return this.#checked(name, 'true or false', (value) => typeof value === 'boolean');
  }

  /** A list of numbers, of any length unless `count` is given. */
  numbers(name: string, { count, min, max }: NumberList): readonly number[] | undefined {
    const isNumber = (value: unknown): boolean => typeof value === 'number' && min <= value && value <= max;
    const areNumbers = (value: unknown): value is readonly number[] =>
      Array.isArray(value) && (count === undefined || value.length === count) && value.every(isNumber);
    return this.#checked(name, `${count ?? 'a list of'} numbers from ${min} to ${max}`, areNumbers);
  }

  record(name: string): Row | undefined {
    return this.#checked(name, 'an object', isRow);
  }

  /** The name of an environment variable. A value that is none is not shown: it may be the key itself. */
  variable(name: string): string | undefined {
    this.#read.add(name);
    const value = this.#row[name];
    if (value === undefined) return undefined;
    if (typeof value === 'string' && /^[A-Z_][A-Z0-9_]{0,63}$/.test(value)) return value;
    throw new UserError(
      `${this.where}: "${name}" must be the name of an environment variable (capital letters, digits and _), not a key.`,
    );
  }

  #checked<T>(name: string, wanted: string, is: (value: unknown) => value is T): T | undefined {
    this.#read.add(name);
    const value = this.#row[name];
    if (value === undefined || is(value)) return value;
    throw new UserError(`${this.where}: "${name}" must be ${wanted}, got ${describe(value)}.`);
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
