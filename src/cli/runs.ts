/** @file `rec-r1 runs`: the runs under a folder, and asking one to pause, go on or stop. */
import { existsSync } from 'node:fs';
import { UserError } from '../base/errors.ts';
import { type ControlCommand, requestControl } from '../runs/control.ts';
import { listRuns, openRunReader } from '../runs/reader.ts';
import { defineCommand } from './command.ts';

const ACTIONS: Readonly<Record<string, ControlCommand>> = { pause: 'pause', continue: 'run', stop: 'stop' };

export const runsCommand = defineCommand({
  usage: ['runs [FOLDER]', 'runs pause|continue|stop RUN'],
  about:
    'Lists the runs under a folder (runs/ by default) with state, step and checkpoints, or tells a running one what to do.',
  options: {},
  run: ({ positionals }, output) => {
    const [first = 'runs', runDir] = positionals;
    if (Object.hasOwn(ACTIONS, first)) tell(first, runDir);
    else list(first, output);
    return Promise.resolve();
  },
});

function tell(action: string, runDir: string | undefined): void {
  if (runDir === undefined) throw new UserError(`Which run? Give its folder: rec-r1 runs ${action} RUN.`);
  const reader = openRunReader(runDir);
  try {
    if (!reader.alive())
      throw new UserError(`${runDir}: nothing is training this run now; continue it with rec-r1 resume ${runDir}.`);
  } finally {
    reader.close();
  }
  requestControl(runDir, ACTIONS[action]);
}

function list(root: string, output: Parameters<typeof runsCommand.run>[1]): void {
  if (!existsSync(root)) throw new UserError(`There is no folder ${root}; start a run with rec-r1 train.`);
  for (const listing of listRuns(root)) {
    if (listing.kind === 'unreadable') {
      output.note(`${listing.dir}: ${listing.message}`);
      continue;
    }
    const { info, checkpoints } = listing;
    const origin = info.parent ? `  forked from ${info.parent.dir}, ${info.parent.checkpoint}` : '';
    const reason = info.state === 'stopped' && info.message !== undefined ? `\n  ${info.message}` : '';
    output.line(
      `${info.dir}  ${info.state}  step ${info.step}/${info.totalSteps}  ${checkpoints.length} checkpoints${origin}${reason}`,
    );
    output.object({ ...info, checkpoints });
  }
}
