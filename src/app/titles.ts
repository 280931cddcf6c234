/** @file The titles of a run's documents, for showing rankings. */
import { storedConfig } from './stored-config.ts';
import { openTaskOf } from './task-of.ts';

export async function documentTitles(runDir: string): Promise<ReadonlyMap<string, string>> {
  const task = await openTaskOf(storedConfig(runDir));
  return new Map(task.documents.map(({ id, title }) => [id, title]));
}
