/** @file Checks at the border: a value of unknown type becomes a typed one, or one clear sentence. */
import { UserError } from './errors.ts';

/** A JSON object of unknown content. */
export type Row = Readonly<Record<string, unknown>>;

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON object. */
export function rowOf(value: unknown, where: string): Row {
  if (isRow(value)) return value;
  throw new UserError(`${where} must be a JSON object, got ${describe(value)}.`);
}

/** The text of a field. A missing field takes `fallback`; without one it is an error. */
export function stringField(row: Row, key: string, where: string, fallback?: string): string {
  const value = row[key] ?? fallback;
  if (typeof value === 'string') return value;
  throw new UserError(`${where}: "${key}" must be text, got ${describe(value)}.`);
}

/** An identifier: text, or a whole number that is read as text. */
export function idField(row: Row, key: string, where: string): string {
  const value = row[key];
  if (typeof value === 'string' && value !== '') return value;
  if (Number.isSafeInteger(value)) return String(value);
  throw new UserError(`${where}: "${key}" must be an id (text that is not empty), got ${describe(value)}.`);
}

/** A list of identifiers. */
export function idListField(row: Row, key: string, where: string): string[] {
  const value = row[key];
  if (!Array.isArray(value)) throw new UserError(`${where}: "${key}" must be a list of ids, got ${describe(value)}.`);
  return value.map((id: unknown) => idField({ [key]: id }, key, where));
}

/** A value as it may stand in a message. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
