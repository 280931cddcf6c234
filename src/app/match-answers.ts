/**
 * @file Which example of a task a stored answer belongs to. Programs number their rows in ways of their own, so that an id
 * alone proves nothing where the row also names its targets.
 */
import { userOf } from '../data/histories.ts';
import type { StoredAnswer } from '../data/rollouts.ts';
import { type Example, SPLITS, type Split, type Task } from '../data/task.ts';

export type Match =
  { readonly kind: 'found'; readonly example: Example } | { readonly kind: 'none'; readonly reason: string };

/**
 * Finds examples by id; by user, history and target; by the question in the prompt; and else makes one of the answer's own
 * targets, if the corpus has any of them and no split is asked for, whose examples alone are meant then.
 */
export function answerMatcher({ kind, documents, examples }: Task, split?: Split): (answer: StoredAnswer) => Match {
  const wanted = (split ? [split] : SPLITS).flatMap((name) => examples[name]);
  const byId = new Map(wanted.map((example) => [example.id, example]));
  const byPurchase = Map.groupBy(wanted, ({ id, history }) => purchaseKey(userOf(id), history));
  const byQuestion = Map.groupBy(wanted, ({ query }) => query.trim());
  const corpus = new Set(documents.map(({ id }) => id));

  return (answer) => {
    const named = answer.id === undefined ? undefined : byId.get(answer.id);
    const candidates = [
      named ? [named] : [],
      answer.user === undefined ? [] : (byPurchase.get(purchaseKey(answer.user, answer.history)) ?? []),
      answer.prompt === undefined ? [] : (byQuestion.get(questionIn(answer.prompt, kind)) ?? []),
    ];
    for (const found of candidates.map((each) => each.filter((example) => agrees(example, answer)))) {
      if (found.length === 1) return { kind: 'found', example: found[0] };
    }
    if (candidates.some((each) => each.length > 1)) return { kind: 'none', reason: 'several examples fit' };
    if (answer.targets === undefined || split !== undefined) return { kind: 'none', reason: 'no example fits' };
    if (!answer.targets.some((id) => corpus.has(id))) return { kind: 'none', reason: 'targets not in the corpus' };
    return { kind: 'found', example: ownExample(answer, answer.targets) };
  };
}

/** Where the answer names targets, all of the example's are among them; the task may lack some. */
function agrees({ relevant }: Example, { targets }: StoredAnswer): boolean {
  if (targets === undefined) return true;
  const listed = new Set(targets);
  return [...relevant.keys()].every((id) => listed.has(id));
}

function purchaseKey(user: string, history: readonly string[] = []): string {
  return JSON.stringify([user, history]);
}

/** What stands between the last pair of triple back-ticks, as in the paper's prompts and ours; without any, everything. */
export function questionIn(prompt: string, kind: Task['kind']): string {
  const parts = prompt.split('```');
  const question = parts.length < 3 ? prompt : parts[parts.length % 2 === 1 ? parts.length - 2 : parts.length - 3];
  return (kind === 'search' ? question : question.replace(/^Item \d+: /gm, '')).trim();
}

function ownExample({ id, prompt = '', history, row }: StoredAnswer, targets: readonly string[]): Example {
  const relevant = new Map(targets.map((target) => [target, 1]));
  return { id: id ?? row.where, query: prompt, relevant, ...(history && { history }) };
}
