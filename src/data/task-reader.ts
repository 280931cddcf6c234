/**
 * @file Reads a data set as a stream: each layout is a `TaskReader`, and this is what opens them all. Of the documents nothing
 * is held here but their ids.
 */
import { UserError } from '../base/errors.ts';
import { ownString } from '../base/own-string.ts';
import type { ExamplesWithNotes } from './judgments.ts';
import { type Document, type Example, SPLITS, type Task } from './task.ts';

export interface ReadDocument {
  readonly document: Document;
  /** `FILE, line 12`: for messages about it. */
  readonly where: string;
}

/** One layout of a data set, opened. */
export interface TaskReader {
  /** All documents, in the corpus's order; may be asked for again. */
  documents(): AsyncIterable<ReadDocument>;
  /** The judged examples, to be asked for once, when the documents were read to the end; these are their ids. */
  examples(corpus: ReadonlySet<string>): Promise<ExamplesWithNotes>;
  /** What is done about an id that a second document has; `error` unless said otherwise. */
  readonly repeated?: 'error' | 'leave out';
}

/** A task but for its documents, which went elsewhere. */
export interface ReadTask extends Pick<Task, 'kind' | 'examples' | 'notes'> {
  /** How many documents there were. */
  readonly documents: number;
}

/** Hands each document to `take` as it comes, then reads the examples. @throws UserError for whatever is wrong with the data. */
export async function readTask(
  reader: TaskReader,
  dir: string,
  take: (document: Document) => Promise<void> | undefined,
): Promise<ReadTask> {
  const { ids, repeated } = await takeDocuments(reader, dir, take);
  const { examples, notes } = await reader.examples(ids);
  return {
    kind: kindOf(SPLITS.flatMap((split) => examples[split])),
    documents: ids.size,
    examples,
    notes: [
      ...(repeated > 0 ? [`Documents left out because an earlier one has their id: ${repeated}.`] : []),
      ...notes,
      ...(examples.train.length === 0 ? ['There is nothing to train on: this task can only be evaluated.'] : []),
    ],
  };
}

function kindOf(examples: readonly Example[]): Task['kind'] {
  if (examples.some(({ candidates }) => candidates !== undefined)) return 'rerank';
  return examples.some(({ history }) => history !== undefined) ? 'sequence' : 'search';
}

/**
 * Hands each document to `take` and returns their ids.
 *
 * @throws UserError when ids repeat and may not, or when there is no document.
 */
export async function takeDocuments(
  source: Pick<TaskReader, 'documents' | 'repeated'>,
  place: string,
  take: (document: Document) => Promise<void> | undefined,
): Promise<{ readonly ids: ReadonlySet<string>; readonly repeated: number }> {
  const ids = new Set<string>();
  let repeated = 0;
  for await (const { document, where } of source.documents()) {
    if (!ids.has(document.id)) {
      ids.add(ownString(document.id));
      await take(document);
    } else if (source.repeated === 'leave out') repeated++;
    else throw await repeatedId(source, document.id, where);
  }
  if (ids.size === 0) throw new UserError(`${place} holds no document; a corpus needs at least one.`);
  return { ids, repeated };
}

/** Reads the documents again up to the first with the id: places are not kept, for a million of them would be large. */
async function repeatedId(source: Pick<TaskReader, 'documents'>, id: string, where: string): Promise<UserError> {
  let before = 'an earlier row';
  for await (const { document, where: place } of source.documents()) {
    if (document.id !== id) continue;
    before = place;
    break;
  }
  return new UserError(`${where}: document id "${id}" was already used in ${before}; ids must be unique.`);
}
