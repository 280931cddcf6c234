/**
 * @file What a retention suite asks, from files in the layouts of their field: held-out text, IFEval's instructions, MMLU's
 * multiple choice, GSM8K's word problems.
 */
import { describe, isRow, type Row, stringField } from '../base/checks.ts';
import { readCells } from '../base/csv.ts';
import { UserError } from '../base/errors.ts';
import { readJsonLines } from '../base/json-lines.ts';
import { readAllLines } from '../base/lines.ts';

export interface HeldOutText {
  /** What comes before, as it stands, and is not judged. */
  readonly context?: string;
  readonly text: string;
}

export interface InstructedPrompt {
  readonly prompt: string;
  /** By IFEval's ids and arguments. */
  readonly instructions: readonly { readonly id: string; readonly args: Row }[];
}

export interface ChoiceQuestion {
  readonly question: string;
  readonly choices: readonly string[];
  /** Place of the right one. */
  readonly answer: number;
}

export interface NumberQuestion {
  readonly question: string;
  readonly answer: number;
}

/** JSON Lines with `text` and perhaps `context`; any other file is plain text, a blank line after each item. */
export async function readTexts(path: string): Promise<HeldOutText[]> {
  if (!/\.jsonl(\.gz)?$/.test(path)) return readParagraphs(path);
  const texts: HeldOutText[] = [];
  for await (const { value, where } of readJsonLines(path)) {
    const context = stringField(value, 'context', where, '');
    texts.push({ text: stringField(value, 'text', where), ...(context !== '' && { context }) });
  }
  return nonEmpty(texts, path);
}

async function readParagraphs(path: string): Promise<HeldOutText[]> {
  const paragraphs: string[][] = [[]];
  for await (const { text } of readAllLines(path)) {
    if (text.trim() === '') paragraphs.push([]);
    else paragraphs.at(-1)!.push(text);
  }
  const texts = paragraphs.filter((lines) => lines.length > 0).map((lines) => ({ text: lines.join('\n') }));
  return nonEmpty(texts, path);
}

/** IFEval's layout: rows with `prompt`, `instruction_id_list` and, in the same order, `kwargs`. */
export async function readInstructions(path: string): Promise<InstructedPrompt[]> {
  const prompts: InstructedPrompt[] = [];
  for await (const { value, where } of readJsonLines(path)) {
    const ids: unknown = value.instruction_id_list;
    const args: unknown = value.kwargs;
    if (!Array.isArray(ids) || !Array.isArray(args) || ids.length !== args.length) {
      throw new UserError(`${where}: "instruction_id_list" and "kwargs" must be lists of the same length.`);
    }
    const instructions = ids.map((id: unknown, i) => ({ id: String(id), args: isRow(args[i]) ? args[i] : {} }));
    prompts.push({ prompt: stringField(value, 'prompt', where), instructions });
  }
  return nonEmpty(prompts, path);
}

/** MMLU's layout: a CSV file without a header, of question, four choices, and the letter of the right one. */
export async function readChoices(path: string): Promise<ChoiceQuestion[]> {
  const questions: ChoiceQuestion[] = [];
  for await (const { cells, where } of readCells(path)) {
    const [question, ...rest] = cells;
    const letter = rest.pop()?.trim() ?? '';
    const answer = /^[A-Z]$/.test(letter) ? letter.charCodeAt(0) - 65 : -1;
    if (rest.length < 2 || answer < 0 || answer >= rest.length) {
      throw new UserError(
        `${where}: expected a question, its choices and the letter of the right one, got ${describe(cells)}.`,
      );
    }
    questions.push({ question, choices: rest, answer });
  }
  return nonEmpty(questions, path);
}

/** GSM8K's layout: rows with `question` and `answer`, the number after `####`. */
export async function readNumbers(path: string): Promise<NumberQuestion[]> {
  const questions: NumberQuestion[] = [];
  for await (const { value, where } of readJsonLines(path)) {
    const written = stringField(value, 'answer', where).split('####').at(-1)!.replaceAll(',', '').trim();
    const answer = Number(written);
    if (written === '' || !Number.isFinite(answer)) {
      throw new UserError(`${where}: "answer" must end with #### and a number, got ${describe(value.answer)}.`);
    }
    questions.push({ question: stringField(value, 'question', where), answer });
  }
  return nonEmpty(questions, path);
}

function nonEmpty<T>(items: T[], path: string): T[] {
  if (items.length === 0) throw new UserError(`${path} holds no item.`);
  return items;
}
