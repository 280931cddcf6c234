/** @file Appends steps to the run in argv[2] as fast as it can, until it is killed; prints each step once it is recorded. */
import { writeSync } from 'node:fs';
import { openRunWriter } from '../../../src/runs/store.ts';
import { stepEvent } from '../../fixtures/run-events.ts';

const writer = openRunWriter(process.argv[2]);
const first = (writer.position()?.step ?? 0) + 1;
writer.append({ kind: 'state', state: 'running', step: first - 1 });
for (let step = first; step < 100_000; step++) {
  writer.append(stepEvent(step), { step });
  writeSync(1, `${step}\n`);
}
