/**
 * @file Options of recommenders behind a network, from JSON that a person wrote. Every field is read through one check; a
 * field that is not known is an error, so a misspelt one never passes silently.
 */
import { resolve } from 'node:path';
import { describe, isRow } from '../../base/checks.ts';
import { UserError } from '../../base/errors.ts';
import { Fields } from '../../base/fields.ts';
import type { Retriever } from '../retriever.ts';
import { type CommandOptions, commandRetriever } from './command.ts';
import type { Access, Authentication, Environment } from './credentials.ts';
import {
  type ElasticsearchOptions,
  elasticsearchRetriever,
  type JsonObject,
  MULTI_MATCH_TYPES,
  SEARCH_TYPES,
} from './elasticsearch.ts';
import { type HttpRetrieverOptions, httpRetriever } from './http.ts';
import { MATCHES, type PostgresOptions, postgresRetriever, RANKINGS } from './postgres.ts';
import type { ResilienceOptions } from './resilience.ts';

export interface HttpOptions extends HttpRetrieverOptions {
  readonly kind: 'http';
}

export type NetworkOptions = HttpOptions | ElasticsearchOptions | PostgresOptions | CommandOptions;

export const NETWORK_KINDS = ['http', 'elasticsearch', 'opensearch', 'postgres', 'command'] as const;

/** The recommender that the options describe. @throws UserError when they cannot work or a named variable is not set. */
export function networkRetriever(options: NetworkOptions, environment: Environment = process.env): Retriever {
  switch (options.kind) {
    case 'http':
      return httpRetriever(options, environment);
    case 'elasticsearch':
    case 'opensearch':
      return elasticsearchRetriever(options, environment);
    case 'postgres':
      return postgresRetriever(options, environment);
    case 'command':
      return commandRetriever(options);
  }
}

/**
 * Options out of JSON whose `kind` is one of {@link NETWORK_KINDS}.
 *
 * @param where names the file, for messages. @param folder is what the `folder` of a command is relative to.
 * @throws UserError that names the field.
 */
export function networkOptions(spec: unknown, where: string, folder: string): NetworkOptions {
  if (!isRow(spec)) throw new UserError(`${where}: a recommender must be an object, got ${describe(spec)}.`);
  const fields = new Fields(spec, where);
  const kind = fields.choice('kind', NETWORK_KINDS) ?? fields.missing('kind');
  const options = READERS[kind](fields, folder);
  fields.end();
  return options;
}

const READERS: Readonly<Record<(typeof NETWORK_KINDS)[number], (fields: Fields, folder: string) => NetworkOptions>> = {
  http: (fields) => ({ kind: 'http', url: fields.text('url'), ...access(fields), ...requests(fields) }),
  elasticsearch: (fields) => elasticsearch('elasticsearch', fields),
  opensearch: (fields) => elasticsearch('opensearch', fields),
  postgres,
  command: (fields, folder) => ({
    kind: 'command',
    command: fields.texts('command') ?? fields.missing('command'),
    folder: resolve(folder, fields.optionalText('folder') ?? '.'),
    ...batchSize(fields),
    ...resilience(fields),
  }),
};

function elasticsearch(kind: 'elasticsearch' | 'opensearch', fields: Fields): ElasticsearchOptions {
  const common = {
    kind,
    url: fields.text('url'),
    index: fields.text('index'),
    idField: fields.optionalText('idField'),
    tieBreaker: fields.optionalText('tieBreaker'),
    searchType: fields.choice('searchType', SEARCH_TYPES),
    ...access(fields),
    ...requests(fields),
  };
  const template = fields.record('template');
  if (template) return { ...common, template: template as JsonObject };
  const searched = fields.texts('fields') ?? fields.missing('fields" or "template');
  return { ...common, fields: searched, type: fields.choice('type', MULTI_MATCH_TYPES) };
}

function postgres(fields: Fields): PostgresOptions {
  const connection = fields.variable('connection');
  const common = {
    kind: 'postgres',
    ...(connection && { connection }),
    ...concurrency(fields),
    ...resilience(fields),
  } as const;
  const sql = fields.optionalText('sql');
  if (sql !== undefined) return { ...common, sql };
  return {
    ...common,
    schema: fields.optionalText('schema'),
    table: fields.text('table'),
    id: fields.text('id'),
    fields: fields.texts('fields'),
    vector: fields.optionalText('vector'),
    weights: fields.numbers('weights', WEIGHTS),
    language: fields.optionalText('language'),
    match: fields.choice('match', MATCHES),
    ranking: fields.choice('ranking', RANKINGS),
    normalization: fields.whole('normalization', 0, 63),
  };
}

/** Of the labels D, C, B and A. */
const WEIGHTS = { count: 4, min: 0, max: 1 };

export function resilience(fields: Fields): ResilienceOptions {
  return {
    timeoutMillis: fields.whole('timeoutMillis', 1, 3_600_000),
    attempts: fields.whole('attempts', 1, 20),
    breakAfter: fields.whole('breakAfter', 1, 1_000_000),
    coolDownMillis: fields.whole('coolDownMillis', 0, 3_600_000),
  };
}

export function requests(fields: Fields): ResilienceOptions {
  return { ...batchSize(fields), ...concurrency(fields), ...resilience(fields) };
}

function batchSize(fields: Fields): ResilienceOptions {
  return { batchSize: fields.whole('batchSize', 1, 10_000) };
}

function concurrency(fields: Fields): ResilienceOptions {
  return { concurrency: fields.whole('concurrency', 1, 256) };
}

export function access(fields: Fields): Access {
  const auth = fields.record('auth');
  const headers = fields.record('headers');
  return {
    ...(auth && { auth: authentication(new Fields(auth, `${fields.where}, "auth"`)) }),
    ...(headers && { headers: variables(new Fields(headers, `${fields.where}, "headers"`)) }),
  };
}

function authentication(fields: Fields): Authentication {
  const [bearer, apiKey, basic] = (['bearer', 'apiKey', 'basic'] as const).map((name) => fields.variable(name));
  fields.end();
  const given = [bearer && { bearer }, apiKey && { apiKey }, basic && { basic }].filter((one) => one !== undefined);
  if (given.length === 1) return given[0] as Authentication;
  throw new UserError(
    `${fields.where}: give one of "bearer", "apiKey" and "basic", with the name of an environment variable.`,
  );
}

function variables(fields: Fields): Readonly<Record<string, string>> {
  const names = fields.names();
  const wrong = names.find((name) => !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name));
  if (wrong !== undefined) throw new UserError(`${fields.where}: ${describe(wrong)} is no name of a header.`);
  return Object.fromEntries(names.map((name) => [name, fields.variable(name) ?? fields.missing(name)]));
}
