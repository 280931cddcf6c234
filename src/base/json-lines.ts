/** @file JSON Lines, row by row: each line holds one object. */
import { UserError, messageOf } from './errors.ts';
import { readLineBlocks } from './lines.ts';

/** One row of a table, from whatever kind of file. */
export interface Row {
  readonly value: Readonly<Record<string, unknown>>;
  /** `FILE, line 12`: for messages about this row. */
  readonly where: string;
}

/** The rows of a JSON Lines file, also .gz; blank lines are passed over. */
export async function* readJsonLines(path: string): AsyncGenerator<Row> {
  for await (const lines of readLineBlocks(path)) {
    for (const { text, where } of lines) yield { value: parseObject(text, where), where };
  }
}

function parseObject(text: string, where: string): Row['value'] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${where}: not valid JSON (${messageOf(error)}); each line must be one JSON object.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UserError(`${where}: expected a JSON object, got ${excerpt(text)}.`);
  }
  return value as Row['value'];
}

function excerpt(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
