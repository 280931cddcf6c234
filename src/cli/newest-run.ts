/** @file Which run is meant when none is named. */
import { UserError } from '../base/errors.ts';
import { listRuns } from '../runs/reader.ts';

/** The folder under `runs/` whose run changed last. @throws UserError when there is none. */
export function newestRun(root = 'runs'): string {
  const runs = listRuns(root).flatMap((listing) => (listing.kind === 'run' ? [listing.info] : []));
  const newest = runs.sort((a, b) => b.updatedAt - a.updatedAt).at(0);
  if (!newest) throw new UserError(`There is no run under ${root}/; name its folder, or start one with rec-r1 train.`);
  return newest.dir;
}
