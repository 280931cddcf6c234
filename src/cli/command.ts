/**
 * @file What a command is: its options as data, from which both the parser and the help are made, and one function.
 *
 * Standard output carries the answer alone: text for people, or with `--json` one JSON object per line. Everything else goes
 * to standard error.
 */
import { UserError } from '../base/errors.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** May be given more than once; the values are a list. */
  readonly multiple?: true;
  /** What stands for the value in the help, such as `DIR`. */
  readonly value?: string;
  readonly about: string;
}

export type Options = Readonly<Record<string, Option>>;

export type Values<O extends Options> = {
  readonly [N in keyof O]?: O[N] extends { readonly type: 'boolean' }
    ? boolean
    : O[N] extends { readonly multiple: true }
      ? readonly string[]
      : string;
};

export interface Input<O extends Options> {
  readonly values: Values<O>;
  readonly positionals: readonly string[];
}

/** Where a command puts its answer. */
export interface Output {
  /** Whether the caller wants JSON. */
  readonly json: boolean;
  /** One JSON object on standard output; nothing without `--json`. */
  object(value: object): void;
  /** One line for people on standard output; nothing with `--json`. */
  line(text: string): void;
  /** A diagnostic, on standard error in either case. */
  note(text: string): void;
}

export interface Command<O extends Options = Options> {
  /** What follows `rec-r1`, one line per form. */
  readonly usage: readonly string[];
  /** One or two sentences. */
  readonly about: string;
  readonly options: O;
  run(input: Input<O>, output: Output): Promise<void>;
}

/** Infers the types of a command's values from its options. */
export function defineCommand<const O extends Options>(command: Command<O>): Command<O> {
  return command;
}

/** The value of an option that a command cannot do without. */
export function required(value: string | undefined, option: string, example: string): string {
  if (value === undefined || value === '')
    throw new UserError(`${option} is missing; give it, such as ${option} ${example}.`);
  return value;
}

/** A whole number of at least 1. */
export function countOf(value: string, option: string): number {
  const count = Number(value);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new UserError(`${option} is "${value}"; it must be a whole number of at least 1.`);
}

/** One of some names. */
export function oneOf<N extends string>(names: readonly N[], name: string, option: string): N {
  const found = names.find((known) => known === name);
  if (found === undefined) throw new UserError(`${option} is "${name}"; it must be ${names.join(', ')}.`);
  return found;
}

/** {@link oneOf}, when a name is given. */
export function optionalOneOf<N extends string>(
  names: readonly N[],
  name: string | undefined,
  option: string,
): N | undefined {
  return name === undefined ? undefined : oneOf(names, name, option);
}

/** Refuses arguments that a command does not take. */
export function noPositionals(positionals: readonly string[]): void {
  if (positionals.length > 0) throw new UserError(`"${positionals[0]}" is not expected here; see --help.`);
}
