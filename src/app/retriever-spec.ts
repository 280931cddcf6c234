/**
 * @file Which recommender is the black box, as data: the setting `retriever` is `bm25`, the URL of a server with our contract,
 * a JSON file that describes one, or such a description itself, as a run records it. Keys are never in it: it names
 * environment variables.
 */
import { dirname, resolve } from 'node:path';
import { type Row, describe, rowOf } from '../base/checks.ts';
import { messageOf, UserError } from '../base/errors.ts';
import { Fields } from '../base/fields.ts';
import { readJson } from '../base/json-file.ts';
import { NETWORK_KINDS, networkOptions, type NetworkOptions } from '../retrieval/network/options.ts';
import { type DenseSpec, type HybridSpec, denseSpec, hybridSpec } from './dense-spec.ts';

/** BM25 over the task's corpus, with the run's `bm25.*` settings. */
interface Bm25Spec {
  readonly kind: 'bm25';
}

export type RetrieverSpec = Bm25Spec | NetworkOptions | DenseSpec | HybridSpec<RetrieverSpec>;

/**
 * The setting without a file behind it: what a run records, so that it can be resumed when the file has changed or gone.
 *
 * @throws UserError when the file is missing or describes no recommender.
 */
export async function recordedRetriever(setting: string): Promise<string> {
  if (!setting.endsWith('.json')) return setting;
  const spec = specFrom(await readJson(setting), setting, dirname(resolve(setting)));
  return JSON.stringify(spec);
}

/** @throws UserError for a setting that names no recommender. */
export async function readRetrieverSpec(setting: string): Promise<RetrieverSpec> {
  const recorded = await recordedRetriever(setting);
  if (recorded === 'bm25') return { kind: 'bm25' };
  if (recorded.startsWith('{')) return specFrom(parse(recorded), 'retriever', process.cwd());
  if (/^https?:\/\//.test(recorded)) return specFrom({ kind: 'http', url: recorded }, 'retriever', process.cwd());
  throw new UserError(
    `retriever is "${setting}"; it must be bm25, a URL such as http://localhost:8000/search, or a .json file that describes a recommender.`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`retriever is not JSON: ${messageOf(error)}`);
  }
}

/** Relative paths in a description start at `folder`. */
function specFrom(value: unknown, where: string, folder: string): RetrieverSpec {
  const row = rowOf(value, where);
  const { kind } = row;
  if (kind === 'bm25') return bm25Spec(row, where);
  if (kind === 'dense') return denseSpec(row, where, folder);
  if (kind === 'hybrid') return hybridSpec(row, where, (value, place) => specFrom(value, place, folder));
  if (NETWORK_KINDS.some((known) => known === kind)) return networkOptions(row, where, folder);
  const known = ['bm25', 'dense', 'hybrid', ...NETWORK_KINDS].join(', ');
  throw new UserError(`${where}: "kind" must be one of ${known}, got ${describe(kind)}.`);
}

function bm25Spec(row: Row, where: string): Bm25Spec {
  const fields = new Fields(row, where);
  const kind = fields.choice('kind', ['bm25']) ?? fields.missing('kind');
  fields.end();
  return { kind };
}
