/**
 * @file PostgreSQL full text search as the black box: over text columns or a stored `tsvector`, or by a query of the user's
 * own. Every search is one read-only transaction with a time limit on the server.
 *
 * Ranking by `ts_rank` or `ts_rank_cd` knows no word statistics: a rare word counts as much as a common one. That is what a
 * site that searches with PostgreSQL has, so it is what a policy is trained against.
 */
import type { Pool, PoolClient } from 'pg';
import { UserError } from '../../base/errors.ts';
import type { Retriever } from '../retriever.ts';
import { rankingOf } from './contract.ts';
import { type Environment, keyIn } from './credentials.ts';
import { causeOf } from './post.ts';
import { type Answer, RequestFailure, type ResilienceOptions, resilientSearch } from './resilience.ts';

/**
 * How a text becomes a `tsquery`: `any` of its words, all of them (`plain`), or as in a web search box (`websearch`: all words,
 * "phrases", or, -without).
 *
 * The default is `any`. A rewrite is long and hardly a document holds all of its words: of 60 released rewrites over 24,576
 * products, `plain` finds nothing for 60, `websearch` for 28, `any` for none. Where nothing is found nothing is learnt.
 */
export const MATCHES = ['any', 'plain', 'websearch'] as const;

/** By how often words occur (the default), or by how near they stand. On Cranfield NDCG@10 is 0.344 and 0.299; BM25's is 0.374. */
export const RANKINGS = ['ts_rank', 'ts_rank_cd'] as const;

export interface FullText {
  readonly schema?: string;
  readonly table: string;
  /** The column with the document's id in the task's corpus. */
  readonly id: string;
  /** Text columns with weights, such as `title^3`; at most four different weights, as PostgreSQL has labels for. */
  readonly fields?: readonly string[];
  /** A column of type `tsvector`, instead of `fields`. Indexed, it is much faster: `fields` are analysed at every search. */
  readonly vector?: string;
  /** What the labels D, C, B and A of `vector` count, from 0 to 1. */
  readonly weights?: readonly number[];
  /** The text search configuration: which words are left out and how they are stemmed. Default `english`. */
  readonly language?: string;
  readonly match?: (typeof MATCHES)[number];
  readonly ranking?: (typeof RANKINGS)[number];
  /** The bit mask by which a long document's rank is lowered; see PostgreSQL's manual, 12.3.3. Default 0: not at all. */
  readonly normalization?: number;
}

/** Any statement with `$1`, the query's text, and `$2`, the number of hits, that returns `id` and `score`, best first. */
export interface OwnSql {
  readonly sql: string;
}

interface ConnectionOptions extends ResilienceOptions {
  readonly kind: 'postgres';
  /** The environment variable with the connection string. Without it PGHOST, PGDATABASE, PGUSER and so on are read. */
  readonly connection?: string;
}

export type PostgresOptions = ConnectionOptions & (FullText | OwnSql);

/** SQLSTATE classes that another try may mend: connection, resources, transaction rolled back, intervention, system. */
const TRANSIENT = /^(08|53|40|57|58)/;

/**
 * A table of a PostgreSQL database.
 *
 * @throws UserError when the options cannot work or the named variable is not set. No connection is made before the first search.
 */
export function postgresRetriever(options: PostgresOptions, environment: Environment = process.env): Retriever {
  const who = `postgres(${'sql' in options ? 'sql' : [options.schema, options.table].filter(Boolean).join('.')})`;
  const sql = 'sql' in options ? options.sql : fullTextSql(options);
  const connectionString = options.connection && keyIn(options.connection, who, environment);
  const { timeoutMillis = 10_000, concurrency = 4 } = options;
  let pool: Promise<Pool> | undefined;
  const open = async (): Promise<Pool> => {
    const { default: pg } = await import('pg'); // only where it is used: the command line should start fast
    const opened = new pg.Pool({
      ...(connectionString && { connectionString }),
      max: concurrency,
      connectionTimeoutMillis: timeoutMillis,
      allowExitOnIdle: true,
      application_name: 'rec-r1',
    });
    // A lost connection is reported by the search that used it; unheard, the event of an idle one would end the process.
    opened.on('error', () => undefined);
    opened.on('connect', (client) => client.on('error', () => undefined));
    return opened;
  };
  const search = resilientSearch(
    {
      who,
      secrets: connectionSecrets(connectionString, environment),
      ask: async ([query], limit, signal) => {
        const client = await connect(await (pool ??= open()), signal);
        // PostgreSQL's texts hold no NUL.
        return [await searchOnce(client, sql, [query.replaceAll('\0', ' '), limit], timeoutMillis, signal)];
      },
    },
    { ...options, timeoutMillis, concurrency, batchSize: 1 },
  );
  const dispose = async (): Promise<void> => {
    const opened = pool;
    pool = undefined;
    await (await opened)?.end();
  };
  return { name: who, search, dispose };
}

/** A connection of its own for one search. One that comes after the signal goes back. */
async function connect(pool: Pool, signal: AbortSignal): Promise<PoolClient> {
  const connecting = pool.connect();
  const stopped = Promise.withResolvers<never>();
  const stop = (): void => {
    stopped.reject(signal.reason);
  };
  signal.addEventListener('abort', stop);
  try {
    return await Promise.race([connecting, stopped.promise]);
  } catch (error) {
    connecting.then((client) => { client.release(); }, () => undefined); // prettier-ignore
    throw failureOf(error);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** One search in a transaction of its own. When the signal comes first, the connection is given up. */
async function searchOnce(
  client: PoolClient,
  sql: string,
  values: readonly [query: string, limit: number],
  timeoutMillis: number,
  signal: AbortSignal,
): Promise<Answer> {
  let usable = true;
  let release = (): void => {
    release = () => undefined;
    signal.removeEventListener('abort', giveUp);
    client.release(!usable);
  };
  const giveUp = (): void => {
    usable = false;
    release();
  };
  signal.addEventListener('abort', giveUp);
  try {
    signal.throwIfAborted();
    await client.query(`BEGIN TRANSACTION READ ONLY; SET LOCAL statement_timeout = ${timeoutMillis}`);
    const { rows } = await client.query<Readonly<Record<string, unknown>>>(sql, [...values]);
    await client.query('COMMIT');
    return rankingOf(rows.map(({ id, score }) => ({ id, score: numberOf(score) })), values[1]); // prettier-ignore
  } catch (error) {
    usable = false; // the transaction is open still
    throw failureOf(error);
  } finally {
    release();
  }
}

/** `numeric` arrives as text, so as to lose no digit. */
function numberOf(score: unknown): unknown {
  return typeof score === 'string' && score !== '' ? Number(score) : score;
}

function failureOf(error: unknown): RequestFailure {
  const { message, code } = causeOf(error);
  const isSqlState = /^[0-9A-Z]{5}$/.test(code);
  const text = isSqlState ? `${message} (SQLSTATE ${code})` : `no connection (${message})`;
  return isSqlState && !TRANSIENT.test(code) ? new RequestFailure(text) : new RequestFailure(text, {});
}

/** The password in all its forms. */
function connectionSecrets(connectionString: string | undefined, environment: Environment): string[] {
  const password = connectionString === undefined ? undefined : URL.parse(connectionString)?.password;
  const texts = [connectionString, password, password && decodeURIComponent(password), environment['PGPASSWORD']];
  return texts.filter((text) => text !== undefined && text !== '') as string[];
}

/**
 * The statement of a full text search, with `$1` the query's text and `$2` the number of hits. Equal ranks are in the order
 * of the ids' bytes.
 *
 * @throws UserError when neither or both of `fields` and `vector` are given, or `fields` have more than four weights.
 */
export function fullTextSql(options: FullText): string {
  const { schema, table, id, language = 'english', match = 'any', ranking = 'ts_rank', normalization = 0 } = options;
  const configuration = `${literal(language)}::regconfig`;
  const { vector, weights } = weightedVector(options, configuration);
  const from = schema === undefined ? identifier(table) : `${identifier(schema)}.${identifier(table)}`;
  const document = `${identifier(id)}::text`;
  return `WITH asked AS (SELECT ${tsquery(match, configuration)} AS query)
SELECT ${document} AS id, ${ranking}(${weights}${vector}, asked.query, ${normalization}) AS score
FROM ${from}, asked
WHERE ${vector} @@ asked.query
ORDER BY score DESC, ${document} COLLATE "C"
LIMIT $2`;
}

const LABELS = ['A', 'B', 'C', 'D'] as const;

/** The searched vector, and the first argument of the ranking function: what the labels D, C, B and A count. */
function weightedVector(
  { table, fields, vector, weights }: FullText,
  configuration: string,
): { vector: string; weights: string } {
  if ((fields === undefined) === (vector === undefined)) {
    throw new UserError(`postgres(${table}): give either "fields" or "vector".`);
  }
  if (vector !== undefined) return { vector: identifier(vector), weights: weights ? weightsArray(weights) : '' };
  const columns = (fields ?? []).map((field) => weightedField(field, table));
  const levels = [...new Set(columns.map(({ weight }) => weight))].sort((a, b) => b - a);
  if (levels.length > LABELS.length) {
    throw new UserError(
      `postgres(${table}): "fields" have ${levels.length} different weights; PostgreSQL has four labels.`,
    );
  }
  const parts = columns.map(({ column, weight }) => {
    const text = `to_tsvector(${configuration}, coalesce(${identifier(column)}::text, ''))`;
    return `setweight(${text}, '${LABELS[levels.indexOf(weight)]}')`;
  });
  // Weights are at most 1, and unused labels count nothing.
  const shares = LABELS.map((_, i) => (i < levels.length ? levels[i] / levels[0] : 0));
  return { vector: `(${parts.join(' || ')})`, weights: weightsArray(shares.reverse()) };
}

function weightsArray(weights: readonly number[]): string {
  return `'{${weights.join(',')}}'::float4[], `;
}

/** `title^3`: a column and its weight, 1 when missing. */
function weightedField(field: string, table: string): { readonly column: string; readonly weight: number } {
  const [, column, text = '1'] = /^(.+?)(?:\^(\d+(?:\.\d+)?))?$/s.exec(field) ?? [];
  const weight = Number(text);
  if (column && weight > 0) return { column, weight };
  throw new UserError(
    `postgres(${table}): the field "${field}" must be a column with a weight above 0, such as title^3.`,
  );
}

function tsquery(match: (typeof MATCHES)[number], configuration: string): string {
  if (match === 'websearch') return `websearch_to_tsquery(${configuration}, $1)`;
  if (match === 'plain') return `plainto_tsquery(${configuration}, $1)`;
  // Each lexeme quoted as in PostgreSQL's manual, 8.11.2; no lexeme makes no query, which matches nothing.
  const quoted = String.raw`'''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || ''''`;
  return `(SELECT string_agg(${quoted}, ' | ')::tsquery FROM unnest(to_tsvector(${configuration}, $1)))`;
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
