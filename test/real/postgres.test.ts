/** @file PostgreSQL as the black box: a real server, started here, with a slice of the real products. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { packageRoot } from '../../src/base/package-root.ts';
import { openTask } from '../../src/data/open-task.ts';
import { networkOptions, networkRetriever } from '../../src/retrieval/network/options.ts';
import type { Hit, Retriever, SearchOutcome } from '../../src/retrieval/retriever.ts';
import { requestControl } from '../../src/runs/control.ts';
import { freePort } from '../fixtures/loopback-server.ts';
import { sharedData } from '../fixtures/shared-data.ts';
import { reaches, recorded, train } from '../fixtures/small-training.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

const PRODUCTS = 4000;

const QUERIES = ['board game for adults', 'red and blue lego', 'wireless CONTROLLERS charging', 'usb-c', 'the', ''];

/** Queries that end a literal, a tsquery or a statement somewhere, if anything is put together as text. */
const HOSTILE = [
  `'; DROP TABLE shop."my products"; --`,
  `lego' | 'game' \\ '' \\' & ! ( <-> :* "`,
  '(contents:lego AND game) OR -card',
  'lego\0game',
  `half a pair \ud83d, a cat 🐈, İstanbul, $1 $2 %s`,
  'https://example.com/a?b&c=d e@mail.org file-name_1.txt 3.5e-7',
  Array.from({ length: 5000 }, (_, i) => `word${i}`).join(' '),
];

/** The products, in a table whose names need quoting, with a stored vector. */
async function load(server: PostgresServer, corpus: string): Promise<void> {
  const lines = gunzipSync(readFileSync(corpus)).toString('utf8').split('\n').slice(0, PRODUCTS);
  const rows = lines.map((line) => JSON.parse(line) as Record<string, string>);
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query('CREATE SCHEMA shop; CREATE TABLE shop."my products" ("Item""Id" text, title text, text text)');
  const columns = ['_id', 'title', 'text'].map((key) => rows.map((row) => row[key]));
  await client.query(
    'INSERT INTO shop."my products" SELECT * FROM unnest($1::text[], $2::text[], $3::text[])',
    columns,
  );
  await client.query(`ALTER TABLE shop."my products" ADD tsv tsvector GENERATED ALWAYS AS
    (setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', text), 'B')) STORED;
    CREATE INDEX ON shop."my products" USING gin (tsv); ANALYZE`);
  await client.end();
}

/** A server with the products in it; nothing when this machine has no data or no PostgreSQL. */
async function shop(test: TestContext): Promise<PostgresServer | undefined> {
  const corpus = sharedData(test, 'products', 'corpus.jsonl.gz');
  const server = corpus && (await startPostgres(test));
  if (server) await load(server, corpus);
  return server || undefined;
}

const TABLE = { schema: 'shop', table: 'my products', id: 'Item"Id' };

/** A retriever as a description in a file makes it; its keys are in an environment of the test's own. */
function open(test: TestContext, url: string, description: object): Retriever {
  const options = networkOptions({ kind: 'postgres', connection: 'SHOP_DB', ...description }, 'shop.json', '.');
  const retriever = networkRetriever(options, { SHOP_DB: url });
  test.after(() => retriever.dispose?.());
  return retriever;
}

function hitsOf(outcome: SearchOutcome): readonly Hit[] {
  assert.equal(outcome.kind, 'hits', 'message' in outcome ? outcome.message : '');
  return 'hits' in outcome ? outcome.hits : [];
}

async function messageOf(retriever: Retriever, query = 'lego'): Promise<string> {
  const [outcome] = await retriever.search([query], 10);
  return outcome.kind === 'failed' ? outcome.message : 'hits';
}

/** Ids and scores as PostgreSQL's own client prints them. */
async function printed(server: PostgresServer, sql: string): Promise<Hit[]> {
  const lines = (await server.psql(sql)).trimEnd().split('\n').filter((line) => line !== ''); // prettier-ignore
  return lines.map((line) => {
    const [id, score] = line.split('\t');
    return { id, score: Number(score) };
  });
}

describe('PostgreSQL as the black box', () => {
  it('ranks as PostgreSQL itself does, by fields, by a stored vector and by SQL of our own', async (test) => {
    const server = await shop(test);
    if (!server) return;
    const asks: readonly [query: string, tsquery: string][] = [
      ['board game for adults', `to_tsquery('english', 'board | game | adults')`],
      ['red and blue lego', `to_tsquery('english', 'red | blue | lego')`],
      ['usb-c', `'''usb-c'' | usb | c'::tsquery`],
    ];
    const direct = (tsquery: string, rank: string): string =>
      `SELECT "Item""Id", ${rank.replace('QUERY', tsquery)} AS s FROM shop."my products" WHERE tsv @@ ${tsquery}
       ORDER BY s DESC, "Item""Id" COLLATE "C" LIMIT 100`;

    const byFields = open(test, server.url, { ...TABLE, fields: ['title^3', 'text'] });
    const byVector = open(test, server.url, { ...TABLE, vector: 'tsv', ranking: 'ts_rank_cd', normalization: 1 });
    const own = open(test, server.url, {
      sql: `SELECT "Item""Id" AS id, ts_rank(tsv, q)::float8::numeric AS score FROM shop."my products", plainto_tsquery('english', $1) q
            WHERE tsv @@ q ORDER BY score DESC, id LIMIT $2`,
    });
    for (const [query, tsquery] of asks) {
      const third = 1 / 3;
      const [fields] = await byFields.search([query], 100);
      assert.deepEqual(
        hitsOf(fields),
        await printed(server, direct(tsquery, `ts_rank('{0,0,${third},1}', tsv, QUERY)`)),
      );
      assert.ok(hitsOf(fields).length > 10);
      const [vector] = await byVector.search([query], 100);
      assert.deepEqual(hitsOf(vector), await printed(server, direct(tsquery, 'ts_rank_cd(tsv, QUERY, 1)')));
      const [sql] = await own.search([query], 100);
      const plain = `plainto_tsquery('english', '${query}')`;
      assert.deepEqual(hitsOf(sql), await printed(server, direct(plain, 'ts_rank(tsv, QUERY)::float8::numeric')));
    }
  });

  it('reads a query as all words, or as in a web search box, where it is told to', async (test) => {
    const server = await shop(test);
    if (!server) return;
    const counts = async (match: string, queries: readonly string[]): Promise<number[]> => {
      const outcomes = await open(test, server.url, { ...TABLE, vector: 'tsv', match }).search(queries, PRODUCTS);
      return outcomes.map((outcome) => hitsOf(outcome).length);
    };
    const count = async (sql: string): Promise<number> =>
      Number(await server.psql(`SELECT count(*) FROM shop."my products" WHERE tsv @@ ${sql}`));
    const [lego, game] = await Promise.all([count(`'lego'::tsquery`), count(`'game'::tsquery`)]);
    const both = await count(`'lego & game'::tsquery`);
    assert.ok(both > 0 && both < lego && lego < game);
    assert.deepEqual(await counts('plain', ['lego game', 'lego -game']), [both, both]);
    assert.deepEqual(await counts('websearch', ['lego game', 'lego -game', 'lego or game']), [both, lego - both, lego + game - both]); // prettier-ignore
    assert.deepEqual(await counts('any', ['lego game', 'lego -game', 'the', '']), [lego + game - both, lego + game - both, 0, 0]); // prettier-ignore
  });

  it('searches whatever a model may write, and leaves the table as it is', async (test) => {
    const server = await shop(test);
    if (!server) return;
    for (const match of ['any', 'plain', 'websearch']) {
      const retriever = open(test, server.url, { ...TABLE, vector: 'tsv', match });
      (await retriever.search([...QUERIES, ...HOSTILE], 1000)).forEach(hitsOf);
    }
    const [outcome] = await open(test, server.url, { ...TABLE, vector: 'tsv' }).search(['lego\0game'], 10);
    assert.equal(hitsOf(outcome).length, 10);
    assert.equal(Number(await server.psql('SELECT count(*) FROM shop."my products"')), PRODUCTS);
  });

  it('says what is wrong with a description, a login or a statement, at once and without the password', async (test) => {
    const server = await shop(test);
    if (!server) return;
    const wrongLogin = server.url.replace(server.password, 'not-the-password');
    const cases: readonly [url: string, description: object, message: RegExp][] = [
      [server.url, { ...TABLE, table: 'prodcts', vector: 'tsv' }, /^postgres\(shop\.prodcts\): relation "shop\.prodcts" does not exist \(SQLSTATE 42P01\)$/], // prettier-ignore
      [server.url, { ...TABLE, fields: ['titel'] }, /column "titel" does not exist \(SQLSTATE 42703\)$/],
      [
        server.url,
        { ...TABLE, vector: 'tsv', language: `eng'lish` },
        /text search configuration "eng'lish" does not exist/,
      ],
      [server.url, { sql: 'SELEC id, score' }, /^postgres\(sql\): syntax error at or near "SELEC" \(SQLSTATE 42601\)$/],
      [server.url, { sql: 'DELETE FROM shop."my products" RETURNING $1 AS id, $2::int AS score' }, /cannot execute DELETE in a read-only transaction/], // prettier-ignore
      [server.url, { sql: 'SELECT $1 AS id, $2::int AS score; DROP TABLE shop."my products"' }, /multiple commands/],
      [server.url, { sql: `SELECT $1 AS id, 'NaN'::float8 + $2::int AS score` }, /finite number as "score"/],
      [server.url, { sql: 'SELECT $1 AS name, $2::int AS score' }, /hit 1 needs an "id", got nothing/],
      [server.url, { sql: 'SELECT i::text AS id, i AS score FROM generate_series(1, $2::int) i WHERE $1::text IS NOT NULL' }, /hits go best first/], // prettier-ignore
      [wrongLogin, { ...TABLE, vector: 'tsv' }, /password authentication failed for user "rec_r1" \(SQLSTATE 28P01\)$/],
    ];
    for (const [url, description, message] of cases) {
      const started = performance.now();
      const shown = await messageOf(open(test, url, { ...description, attempts: 20 }));
      assert.match(shown, message);
      assert.ok(!shown.includes(server.password) && !shown.includes('not-the-password'), shown);
      assert.ok(performance.now() - started < 60_000, 'twenty tries would take minutes');
    }
    assert.equal(Number(await server.psql('SELECT count(*) FROM shop."my products"')), PRODUCTS);
  });

  it('fails when nobody listens, and when a search takes too long, which the server then ends', async (test) => {
    const server = await shop(test);
    if (!server) return;
    const nobody = `postgres://me:hidden@127.0.0.1:${await freePort()}/x`;
    const refused = await messageOf(open(test, nobody, { ...TABLE, vector: 'tsv', attempts: 1 }));
    assert.match(refused, /no connection \(connect ECONNREFUSED/);
    assert.doesNotMatch(refused, /hidden/);
    const slow = open(test, server.url, { sql: 'SELECT $1 AS id, $2::int AS score FROM pg_sleep(30)', timeoutMillis: 300, attempts: 1 }); // prettier-ignore
    assert.match(await messageOf(slow), /no answer within 300 ms|statement timeout/);
    await sleep(500);
    assert.equal(Number(await server.psql(`SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)' AND state = 'active'`)), 0); // prettier-ignore
  });

  it('opens no more connections than it may, and none after its end', async (test) => {
    const server = await shop(test);
    if (!server) return;
    const sql = `SELECT $1 AS id, count(*) + 0 * $2::int AS score FROM pg_sleep(0.02), pg_stat_activity WHERE application_name = 'rec-r1'`;
    const retriever = open(test, server.url, { sql, concurrency: 3 });
    const queries = Array.from({ length: 40 }, (_, i) => `q${i}`);
    const seen = (await retriever.search(queries, 1)).map((outcome) => hitsOf(outcome)[0].score);
    assert.equal(Math.max(...seen), 3);
    await retriever.dispose?.();
    await sleep(100);
    assert.equal(
      Number(await server.psql(`SELECT count(*) FROM pg_stat_activity WHERE application_name = 'rec-r1'`)),
      0,
    );
  });

  it('fails while the server is gone, and goes on when it is back', async (test) => {
    const server = await shop(test);
    if (!server) return;
    const quick = { attempts: 1, breakAfter: 3, coolDownMillis: 300 };
    const retriever = open(test, server.url, { ...TABLE, vector: 'tsv', ...quick });
    const slow = open(test, server.url, { sql: 'SELECT $1 AS id, $2::int AS score FROM pg_sleep(30)', ...quick });
    assert.equal(await messageOf(retriever), 'hits');
    const inTheMiddle = messageOf(slow);
    await sleep(100);
    await server.crash();
    assert.match(await inTheMiddle, /^postgres\(sql\): (terminating connection|no connection)/);
    const outcomes = await retriever.search(['a', 'b', 'c', 'd', 'e'], 10);
    assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['failed']));
    assert.match(JSON.stringify(outcomes.at(-1)), /no connection \(connect ECONNREFUSED|failed \d times in a row/);
    await server.start();
    await sleep(400);
    assert.equal(await messageOf(retriever), 'hits');
  });

  it('leaves a search that is given up to itself, and searches on', async (test) => {
    const server = await shop(test);
    if (!server) return;
    const retriever = open(test, server.url, { sql: `SELECT $1 AS id, $2::int AS score FROM pg_sleep($1::float8)` });
    const abort = new AbortController();
    const searching = retriever.search(['20'], 1, abort.signal);
    setTimeout(() => {
      abort.abort(new Error('stopped by the user'));
    }, 100);
    await assert.rejects(searching, /stopped by the user/);
    assert.equal(await messageOf(retriever, '0'), 'hits');
  });

  it(
    'goes down in the middle of a training, which pauses, keeps its state and goes on',
    { timeout: 180_000 },
    async (test) => {
      const server = await startPostgres(test);
      if (!server) return;
      const { documents } = await openTask(join(packageRoot(), 'media/sample'));
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      await client.query('CREATE TABLE products (id text, title text, text text)');
      const columns = (['id', 'title', 'text'] as const).map((key) => documents.map((document) => document[key]));
      await client.query('INSERT INTO products SELECT * FROM unnest($1::text[], $2::text[], $3::text[])', columns);
      await client.end();

      const folder = temporaryFolder(test);
      const description = join(folder, 'shop.json');
      const patience = { attempts: 1, coolDownMillis: 100 };
      const spec = { kind: 'postgres', connection: 'SHOP_DB', table: 'products', id: 'id', fields: ['title^2', 'text'], ...patience }; // prettier-ignore
      writeFileSync(description, JSON.stringify(spec));
      process.env['SHOP_DB'] = server.url;
      test.after(() => {
        delete process.env['SHOP_DB'];
      });
      await train(join(folder, 'undisturbed'), { retriever: description });
      const runDir = join(folder, 'disturbed');
      const training = train(runDir, { retriever: description });
      await reaches(runDir, ({ step }) => step >= 1);
      await server.crash();
      const { message } = await reaches(runDir, ({ state }) => state === 'paused');
      assert.match(message ?? '', /searches failed, the first \(“.+”\) with: postgres\(products\)/);
      await server.start();
      await sleep(200);
      requestControl(runDir, 'run');
      await training;
      assert.deepEqual(recorded(runDir), recorded(join(folder, 'undisturbed')));
    },
  );
});
