/**
 * @file A task's own prompt: `prompt.json` in its folder, with the texts of the system and the user, in which `{name}` stands
 * for a field of the query's row, and with the key of the JSON answer.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, rowOf, type Row } from '../base/checks.ts';
import { UserError } from '../base/errors.ts';
import { Fields } from '../base/fields.ts';
import { readJson } from '../base/json-file.ts';
import { QUERY_KEY } from './answer.ts';
import type { ChatMessage } from './prompt.ts';
import type { CustomPrompt, PromptTemplate } from './task.ts';

export const PROMPT_FILE = 'prompt.json';

/** Braces around anything else, such as those of JSON, are text. */
const PLACEHOLDER = /\{([A-Za-z_]\w*)\}/g;

/** The prompt of a folder, where it has one. @throws UserError for one that shows nothing of a query, or is misspelt. */
export async function readPromptTemplate(dir: string): Promise<PromptTemplate | undefined> {
  const file = join(dir, PROMPT_FILE);
  if (!existsSync(file)) return undefined;
  const fields = new Fields(rowOf(await readJson(file), file), file);
  const system = fields.optionalText('system');
  const template: PromptTemplate = {
    ...(system !== undefined && { system }),
    user: fields.text('user'),
    answerKey: fields.optionalText('answerKey') ?? QUERY_KEY,
  };
  fields.end();
  if (fieldNames(template).length === 0) {
    throw new UserError(`${file}: neither text has a field; write {text} where the query is to stand.`);
  }
  return template;
}

/** What a row gives for the fields of a template: text, numbers, and lists of them. @throws UserError when one is missing. */
export function customPrompt(template: PromptTemplate, row: Row, where: string): CustomPrompt {
  const fields = fieldNames(template).map((name) => {
    const value = Object.hasOwn(row, name) ? row[name] : undefined;
    const text = Array.isArray(value) ? listed(value) : shown(value);
    if (text === undefined) {
      throw new UserError(
        `${where}: the prompt asks for {${name}}, which must be text, a number or a list of them, got ${describe(value)}; the row has ${Object.keys(row).join(', ')}.`,
      );
    }
    return [name, text] as const;
  });
  return { template, fields: Object.fromEntries(fields) };
}

/** The messages with the fields filled in. */
export function fillTemplate(
  { system, user }: PromptTemplate,
  fields: Readonly<Record<string, string>>,
): readonly ChatMessage[] {
  const filled = (text: string): string => text.replace(PLACEHOLDER, (_, name: string) => fields[name]);
  return [
    ...(system === undefined ? [] : [{ role: 'system', content: filled(system) } as const]),
    { role: 'user', content: filled(user) },
  ];
}

function fieldNames({ system = '', user }: PromptTemplate): string[] {
  const names = Array.from((system + user).matchAll(PLACEHOLDER), ([, name]) => name);
  return [...new Set(names)];
}

function listed(values: readonly unknown[]): string | undefined {
  const texts = values.map(shown);
  return texts.includes(undefined) ? undefined : texts.join(', ');
}

function shown(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
}
