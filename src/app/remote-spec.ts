/** @file The description of a remote model, as a person writes it in a JSON file; keys are named, never in it. */
import { rowOf } from '../base/checks.ts';
import { Fields } from '../base/fields.ts';
import { readJson } from '../base/json-file.ts';
import { access, requests } from '../retrieval/network/options.ts';
import type { RemoteOptions } from '../rl/remote-arm.ts';

export type RemoteSpec = Omit<RemoteOptions, 'promptStyle' | 'temperature' | 'seed'>;

/** @throws UserError when the file is missing, or names the field that is wrong. */
export async function readRemoteSpec(file: string): Promise<RemoteSpec> {
  const fields = new Fields(rowOf(await readJson(file), file), file);
  const parameters = fields.record('parameters');
  const spec = {
    url: fields.text('url'),
    model: fields.text('model'),
    ...(parameters && { parameters }),
    ...access(fields),
    ...requests(fields),
  };
  fields.end();
  return spec;
}
