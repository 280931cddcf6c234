/** @file Which text of a document is searched and shown to a model. */
import type { Document } from './task.ts';

/**
 * Title and text. Many collections repeat the title at the head of the text (Cranfield does); there it is not put in front
 * again, for its words would silently weigh twice.
 */
export function documentText({ title, text }: Pick<Document, 'title' | 'text'>): string {
  if (title === '' || text.startsWith(title)) return text;
  return text === '' ? title : `${title}\n${text}`;
}
