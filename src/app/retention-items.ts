/** @file The items of a retention suite: from the files that somebody names, or the samples in `media/retention`. */
import { basename, join } from 'node:path';
import { UserError } from '../base/errors.ts';
import { packageRoot } from '../base/package-root.ts';
import {
  type ChoiceQuestion,
  type HeldOutText,
  type InstructedPrompt,
  type NumberQuestion,
  readChoices,
  readInstructions,
  readNumbers,
  readTexts,
} from '../data/retention-items.ts';
import { unsupported } from '../rl/retention/instruction-checks.ts';

/** The built-in samples, by what they are asked for. */
const BUILT_IN = {
  text: 'text.txt',
  instructions: 'instructions.jsonl',
  choices: 'choices.csv',
  numbers: 'numbers.jsonl',
} as const;

export type ItemFiles = Readonly<Partial<Record<keyof typeof BUILT_IN, string>>>;

interface Items<T> {
  readonly items: readonly T[];
  /** The file's name, or `built-in`. */
  readonly source: string;
}

export interface RetentionItems {
  readonly text: Items<HeldOutText>;
  readonly instructions: Items<InstructedPrompt> & {
    /** Instructions that cannot be checked, and how many prompts were left out for each. */
    readonly skipped: readonly { readonly id: string; readonly prompts: number }[];
  };
  readonly choices: Items<ChoiceQuestion> & { readonly shots: readonly ChoiceQuestion[] };
  readonly numbers: Items<NumberQuestion>;
}

/** @throws UserError for a file that cannot be read, and when more examples are to be shown than there are questions. */
export async function readItems(question: {
  readonly files: ItemFiles;
  readonly shots: number;
  readonly limit: number;
}): Promise<RetentionItems> {
  const { files, shots, limit } = question;
  const open = async <T>(name: keyof typeof BUILT_IN, read: (path: string) => Promise<T[]>): Promise<Items<T>> => {
    const file = files[name];
    const path = file ?? join(packageRoot(), 'media', 'retention', BUILT_IN[name]);
    return { items: await read(path), source: file === undefined ? 'built-in' : basename(file) };
  };
  const first = <T>(all: Items<T>): Items<T> => ({ ...all, items: all.items.slice(0, limit) });
  const choices = await open('choices', readChoices);
  if (shots >= choices.items.length) {
    throw new UserError(
      `--shots is ${shots}, but there are ${choices.items.length} multiple-choice questions; show fewer.`,
    );
  }
  const asked = { ...choices, items: choices.items.slice(shots) };
  return {
    text: first(await open('text', readTexts)),
    instructions: checkable(first(await open('instructions', readInstructions))),
    choices: { ...first(asked), shots: choices.items.slice(0, shots) },
    numbers: first(await open('numbers', readNumbers)),
  };
}

function checkable({ items, source }: Items<InstructedPrompt>): RetentionItems['instructions'] {
  const counts = new Map<string, number>();
  const kept = items.filter(({ instructions }) => {
    const ids = instructions.map(({ id, args }) => unsupported(id, args)).filter((id) => id !== undefined);
    for (const id of new Set(ids)) counts.set(id, (counts.get(id) ?? 0) + 1);
    return ids.length === 0;
  });
  if (kept.length === 0) throw new UserError(`${source}: no prompt has only instructions that can be checked.`);
  return { items: kept, source, skipped: Array.from(counts, ([id, prompts]) => ({ id, prompts })) };
}
