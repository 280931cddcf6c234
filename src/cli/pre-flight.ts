/** @file The part of `rec-r1 doctor` that tries a training before it is started. */
import type { RunConfig } from '../app/config.ts';
import { preFlight } from '../app/pre-flight.ts';
import { UserError } from '../base/errors.ts';
import type { Output } from './command.ts';

/** Prints what was found. @throws UserError when something should be mended first. */
export async function printPreFlight(config: RunConfig, output: Output): Promise<void> {
  let problems = 0;
  for await (const finding of preFlight(config)) {
    output.object(finding);
    output.line(`${finding.problems.length === 0 ? '✓' : '✗'} ${finding.check.padEnd(8)}${finding.message}`);
    for (const problem of finding.problems) output.line(`  ${' '.repeat(8)}${problem}`);
    problems += finding.problems.length;
  }
  if (problems > 0)
    throw new UserError(`The pre-flight found ${problems === 1 ? 'a problem' : `${problems} problems`}.`);
  output.line('Ready to train.');
}
