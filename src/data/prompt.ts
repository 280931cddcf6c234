/**
 * @file What the policy is asked: a prompt for each kind of example, with the structure of the paper's (Rec-R1, arXiv
 * 2503.24289, the released prompts) in words of our own. How answers are read is in answer.ts.
 *
 * Departures from the released prompts: they go through the model's own chat template; Boolean operators, which BM25 ignores,
 * are asked for by a style of their own alone; the form of a re-ranked list is shown without names that a small model
 * would copy.
 */
import { candidateName, ORDER_KEY, QUERY_KEY } from './answer.ts';
import { fillTemplate } from './prompt-template.ts';
import type { Example } from './task.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/**
 * `paper`: role, task, input in back-ticks, output rules; for a recommender that matches words. `paper-boolean`: the same,
 * asking for Boolean operators. `paper-dense`: for one that compares meanings. `paper-review`: for one that was trained on
 * reviews. `plain`: the input alone, for a model made for this one task.
 */
export const PROMPT_STYLES = ['paper', 'paper-boolean', 'paper-dense', 'paper-review', 'plain'] as const;
export type PromptStyle = (typeof PROMPT_STYLES)[number];

/** A prompt whose payload can be cut, its instructions never. */
export interface Prompt {
  /** Pieces of the payload in all. */
  readonly size: number;
  /** With at most `size` pieces of the payload, or of each of its texts where it has several. */
  messages(size: number): readonly ChatMessage[];
}

/** What a prompt shows of an example. */
export type Asked = Pick<Example, 'query' | 'history' | 'candidates' | 'custom'>;

/** The prompt for an example: the task's own where it has one, otherwise that of its kind. */
export function promptOf({ query, history, candidates, custom }: Asked, style: PromptStyle): Prompt {
  if (custom) {
    const { template, fields } = custom;
    const names = Object.keys(fields);
    return shortenable(Object.values(fields), (texts) =>
      fillTemplate(template, Object.fromEntries(names.map((name, i) => [name, texts[i]]))),
    );
  }
  if (candidates) {
    const texts = candidates.map(({ text }) => text);
    return shortenable([query, ...texts], ([request, ...shown]) => rerankMessages(request, shown, style));
  }
  if (history) {
    const titles = query.split('\n').map(piecesOf);
    const size = titles.reduce((sum, pieces) => sum + pieces.length, 0);
    return { size, messages: (kept) => sequenceMessages(newest(titles, kept), style) };
  }
  return shortenable([query], ([request]) => searchMessages(request, style));
}

/** The whole prompt. */
export function promptMessages(example: Asked, style: PromptStyle): readonly ChatMessage[] {
  const prompt = promptOf(example, style);
  return prompt.messages(prompt.size);
}

type PaperStyle = Exclude<PromptStyle, 'plain'>;

const BOOLEAN = ' Join the terms with the Boolean operators AND and OR, and group them with parentheses.';
const SEARCH_TERMS =
  'Rewrite the shopper’s request below as query terms that find the right products in the catalogue.';

const SEARCH: Readonly<Record<PaperStyle, readonly [role: string, task: string]>> = {
  paper: ['You are an expert in writing queries for product search.', SEARCH_TERMS],
  'paper-boolean': ['You are an expert in writing queries for product search.', SEARCH_TERMS + BOOLEAN],
  'paper-dense': [
    'You are an expert in writing queries for dense retrieval, which compares meanings and not words.',
    'Keep the shopper’s request below and add what describes the products that it means. If nothing is to be added, give it back as it is.',
  ],
  'paper-review': [
    'You are an expert in writing what shoppers say about products.',
    'Rewrite the shopper’s request below as a casual review, in the first person, by somebody who has bought the very product and likes it.',
  ],
};

function searchMessages(request: string, style: PromptStyle): readonly ChatMessage[] {
  if (style === 'plain') return [{ role: 'user', content: request }];
  return paperMessages(...SEARCH[style], quoted(request), ...queryRules());
}

function sequenceMessages(titles: readonly string[], style: PromptStyle): readonly ChatMessage[] {
  if (style === 'plain') return [{ role: 'user', content: titles.join('\n') }];
  const task = `Below are the products that a customer bought, oldest first. Infer what they will buy next, and write query terms that find it in the catalogue.${style === 'paper-boolean' ? BOOLEAN : ''}`;
  const items = titles.map((title, i) => `Item ${i + 1}: ${title}`).join('\n');
  return paperMessages('You are a shopping assistant.', task, quoted(items), ...queryRules());
}

function rerankMessages(request: string, texts: readonly string[], style: PromptStyle): readonly ChatMessage[] {
  const items = texts.map((text, place) => `${candidateName(place)}: ${text}`).join('\n');
  if (style === 'plain') return [{ role: 'user', content: `${items}\n\n${request}` }];
  return paperMessages(
    'You are an expert in ranking products.',
    'Below are the products that a search has found, by name, and the request that it was made for. Put them in an order: first what fits the request best, last what fits it least.',
    quoted(items),
    `The request:\n${quoted(request)}`,
    `Reason inside <think> </think>. Then give the names of all ${texts.length} products in your order, each once, as a JSON list inside <answer> </answer>, in this form:`,
    answerForm(`{"${ORDER_KEY}": [the ${texts.length} names, each in double quotes]}`),
  );
}

function paperMessages(...paragraphs: readonly string[]): readonly ChatMessage[] {
  return [
    { role: 'system', content: 'You are a helpful assistant. You reason first and then give the answer.' },
    { role: 'user', content: paragraphs.join('\n\n') },
  ];
}

function queryRules(): readonly string[] {
  return [
    'Reason inside <think> </think>. Then give the query as JSON inside <answer> </answer>, for example:',
    answerForm(`{"${QUERY_KEY}": "your query terms"}`),
  ];
}

function answerForm(json: string): string {
  return `<think>\n[your reasoning]\n</think>\n<answer>\n${json}\n</answer>`;
}

function quoted(payload: string): string {
  return `\`\`\`\n${payload}\n\`\`\``;
}

/** Words with the space before them; of one longer than 16 characters, its parts, for some languages have no spaces. */
function piecesOf(text: string): readonly string[] {
  return text.match(/\s*\S{1,16}\s*$|\s*\S{1,16}/gu) ?? [];
}

/** A prompt of which each text is cut at its end, so that short ones stay whole. */
function shortenable(texts: readonly string[], messages: (texts: readonly string[]) => readonly ChatMessage[]): Prompt {
  const pieces = texts.map(piecesOf);
  return {
    size: Math.max(...pieces.map(({ length }) => length)),
    messages: (size) => messages(pieces.map((some) => some.slice(0, size).join(''))),
  };
}

/** The newest titles that have no more than `size` pieces together; of one that has more alone, its beginning. */
function newest(titles: readonly (readonly string[])[], size: number): readonly string[] {
  const kept: string[] = [];
  let left = size;
  for (const pieces of titles.toReversed()) {
    if (pieces.length > left && kept.length > 0) break;
    kept.unshift(pieces.slice(0, left).join(''));
    left -= pieces.length;
  }
  return kept;
}
