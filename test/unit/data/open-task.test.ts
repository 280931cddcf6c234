import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { UserError } from '../../../src/base/errors.ts';
import { openTask } from '../../../src/data/open-task.ts';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'rec-r1-task-'))));
afterEach(() => {
  rmSync(dir, { recursive: true });
});

function write(files: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = join(dir, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

async function refuses(pattern: RegExp): Promise<void> {
  await assert.rejects(openTask(dir), (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, pattern);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

const CORPUS =
  '{"_id":"d1","title":"Pan","text":"iron"}\n{"_id":"d2","title":"Lid"}\n{"_id":"d3","text":"glass jar"}\n';
const QUERIES = '{"_id":"q1","text":"pan"}\n{"_id":"q2","text":"lid"}\n{"_id":"q3","text":"jar"}\n';

describe('openTask on the BEIR layout', () => {
  it('reads corpus, queries and judgments by split; grades of 0 are judged, but not relevant', async () => {
    write({
      'corpus.jsonl': CORPUS,
      'queries.jsonl': QUERIES,
      'qrels/train.tsv': 'query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n',
      'qrels/dev.tsv': 'query-id\tcorpus-id\tscore\nq2\td2\t1\n',
      'qrels/test.tsv': 'q3\td3\t1\n',
    });
    const task = await openTask(dir);
    assert.equal(task.kind, 'search');
    assert.deepEqual(task.documents[2], { id: 'd3', title: '', text: 'glass jar' });
    assert.deepEqual(task.examples.train, [
      { id: 'q1', query: 'pan', relevant: new Map([['d1', 2]]), irrelevant: ['d2'] },
    ]);
    assert.deepEqual(task.examples.validation.map(({ id }) => id), ['q2']); // prettier-ignore
    assert.deepEqual(task.examples.test.map(({ id }) => id), ['q3']); // prettier-ignore
    assert.deepEqual(task.notes, []);
  });

  it('splits one qrels.tsv by the ids and says so', async () => {
    const ids = Array.from({ length: 500 }, (_, i) => `q${i}`);
    write({
      'corpus.jsonl.gz': gzipSync(CORPUS),
      'queries.jsonl': ids.map((id) => `{"_id":"${id}","text":"pan"}`).join('\r\n'),
      'qrels.tsv': ids.map((id) => `${id}\td1\t1`).join('\n'),
    });
    const { examples, notes } = await openTask(dir);
    assert.equal(examples.train.length + examples.validation.length + examples.test.length, 500);
    assert.ok(Math.abs(examples.train.length - 300) < 40);
    assert.ok(Math.abs(examples.validation.length - 100) < 40);
    assert.match(notes[0], /split by a hash/);
    assert.deepEqual((await openTask(dir)).examples, examples);
  });

  it('takes validation from train where there is none, and says which queries have no judgment', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => `q${i}`);
    write({
      'corpus.jsonl': CORPUS,
      'queries.jsonl': [...ids, 'unjudged'].map((id) => `{"_id":"${id}","text":"pan"}`).join('\n'),
      'qrels/train.tsv': ids.map((id) => `${id}\td1\t1`).join('\n'),
    });
    const { examples, notes } = await openTask(dir);
    assert.ok(examples.validation.length > 5 && examples.train.length > 60);
    assert.equal(examples.test.length, 0);
    assert.match(notes.join(' '), /no validation judgments.*1 of 101 queries/);
  });

  it('keeps a history that a query carries', async () => {
    write({
      'corpus.jsonl': CORPUS,
      'queries.jsonl': '{"_id":"u1","text":"Pan","history":["d1"]}\n',
      'qrels/train.tsv': 'u1\td2\t1\n',
      'qrels/validation.tsv': '',
    });
    const task = await openTask(dir);
    assert.equal(task.kind, 'sequence');
    assert.deepEqual(task.examples.train[0].history, ['d1']);
  });

  it('names file and line of what is wrong', async () => {
    const good = { 'corpus.jsonl': CORPUS, 'queries.jsonl': QUERIES, 'qrels.tsv': 'q1\td1\t1\n' };
    const cases: readonly [Readonly<Record<string, string>>, RegExp][] = [
      [{ 'corpus.jsonl': '' }, /holds no document; a corpus needs/],
      [{ 'corpus.jsonl': `${CORPUS}{"_id":` }, /corpus\.jsonl, line 4: not valid JSON/],
      [{ 'corpus.jsonl': `${CORPUS}[1]` }, /corpus\.jsonl, line 4: expected a JSON object, got \[1\]/],
      [{ 'corpus.jsonl': `${CORPUS}{"_id":"d1","text":""}` }, /line 4: document id "d1" was already used in .*line 1/],
      [{ 'corpus.jsonl': '{"_id":"d1"}' }, /neither "title" nor "text"/],
      [{ 'corpus.jsonl': '{"_id":"d1","text":7}' }, /line 1: "text" must be text, got 7/],
      [{ 'corpus.jsonl': '{"title":"x"}' }, /line 1: "_id" must be an id.*got nothing/],
      [{ 'queries.jsonl': `${QUERIES}{"_id":"q1","text":""}` }, /line 4: query id "q1" was already used/],
      [{ 'queries.jsonl': '{"_id":"q1"}' }, /line 1: "text" must be text/],
      [{ 'qrels.tsv': 'q1\td9\t1\n' }, /qrels\.tsv, line 1: the judged document "d9" is not in the corpus/],
      [{ 'qrels.tsv': 'q1\td1\t1\nq9\td1\t1\n' }, /qrels\.tsv, line 2: the judged query "q9" is not among the queries/],
      [{ 'qrels.tsv': 'q1\td1\t1\nq1 d1 1\n' }, /qrels\.tsv, line 2: expected query, document and grade/],
      [{ 'qrels.tsv': 'q1\td1\t0\n' }, /no query with a relevant document/],
      [
        { 'qrels/train.tsv': 'q1\td1\t1\n', 'qrels/test.tsv': 'q1\td1\t1\n' },
        /test\.tsv, line 1: query "q1" is also judged in .*train\.tsv, line 1/,
      ],
    ];
    for (const [files, pattern] of cases) {
      write({ ...good, ...files });
      await refuses(pattern);
    }
  });

  it('refuses what is no task', async () => {
    await assert.rejects(openTask(join(dir, 'missing')), /missing does not exist/);
    await refuses(/no task that can be read/);
    write({ 'queries.jsonl': QUERIES });
    await refuses(/no corpus\.jsonl/);
    write({ 'corpus.jsonl': CORPUS });
    await refuses(/no judgments/);
    write({ 'corpus.jsonl.gz': 'not gzip' });
    rmSync(join(dir, 'corpus.jsonl'));
    await refuses(/not a whole gzip file/);
    write({ 'corpus.jsonl': Buffer.from([0x7b, 0xff, 0x7d, 0x0a]) });
    await refuses(/line 1: not valid UTF-8/);
    await assert.rejects(openTask(join(dir, 'queries.jsonl')), /is a file; a task is a folder/);
  });
});

describe('openTask on files as other programs write them', () => {
  it('passes over byte order marks, CR LF, blank lines and columns of others', async () => {
    write({
      'corpus.jsonl': '\ufeff{"_id":"d1","title":"Pan","text":"iron","metadata":{}}\r\n\r\n',
      'queries.jsonl': '\ufeff{"_id":"q1","text":"pan","metadata":{}}\r\n',
      'qrels/test.tsv': '\ufeffquery-id\tcorpus-id\tscore\r\nq1\td1\t1\r\n',
    });
    const { documents, examples } = await openTask(dir);
    assert.deepEqual(documents, [{ id: 'd1', title: 'Pan', text: 'iron' }]);
    assert.deepEqual(examples.test, [{ id: 'q1', query: 'pan', relevant: new Map([['d1', 1]]) }]);
  });

  it('keeps hostile ids apart', async () => {
    const ids = ['constructor', '__proto__', 'é', 'e\u0301', ' d', '\ud83c\udf73'];
    write({
      'corpus.jsonl': ids.map((_id) => JSON.stringify({ _id, text: _id })).join('\n'),
      'queries.jsonl': ids.map((_id) => JSON.stringify({ _id, text: _id })).join('\n'),
      'qrels/test.tsv': ids.map((id) => `${id}\t${id}\t1`).join('\n'),
    });
    const { examples } = await openTask(dir);
    assert.deepEqual(examples.test.map(({ id, relevant }) => [id, ...relevant.keys()]), ids.map((id) => [id, id])); // prettier-ignore
  });
});

describe('openTask on queries that bring their targets along', () => {
  const query = (_id: string, ...relevant: string[]): string => JSON.stringify({ _id, text: `about ${_id}`, relevant });

  it('tells the numbers of several files apart and reads the split off the names', async () => {
    write({
      'corpus.jsonl': CORPUS,
      'queries/train.jsonl': query('1', 'd1', 'd1', 'gone'),
      'queries/val.jsonl': query('1', 'd2'),
      'queries/Video_Games.jsonl': [query('1', 'd3'), query('2', 'gone')].join('\n'),
    });
    const { examples, notes } = await openTask(dir);
    assert.deepEqual(examples, {
      train: [{ id: 'train/1', query: 'about 1', relevant: new Map([['d1', 1]]), absent: new Map([['gone', 1]]) }],
      validation: [{ id: 'val/1', query: 'about 1', relevant: new Map([['d2', 1]]) }],
      test: [{ id: 'Video_Games/1', query: 'about 1', relevant: new Map([['d3', 1]]) }],
    });
    assert.match(notes.join(' '), /document is not in the corpus: 2\..*1 of 4 queries/);
  });

  it('names what is wrong', async () => {
    write({ 'queries/readme.txt': '' });
    await refuses(/no corpus\.jsonl/);
    write({ 'corpus.jsonl': CORPUS });
    await refuses(/queries holds no \.jsonl file/);
    write({ 'queries/a.jsonl': `${query('1', 'd1')}\n${query('1', 'd2')}` });
    await refuses(/a\.jsonl, line 2: query id "1" was already used/);
    write({ 'queries/a.jsonl': '{"_id":"1","text":"x"}' });
    await refuses(/a\.jsonl, line 1: "relevant" must be a list of ids, got nothing/);
  });
});

describe('openTask on sequences', () => {
  const row = (user: string, history: readonly string[], target: string): string =>
    JSON.stringify({ user_id: user, history, target });

  it('joins the titles of the known items, newest ten, oldest first', async () => {
    const items = Array.from({ length: 12 }, (_, i) => `{"_id":"i${i}","title":"Item ${i}"}`);
    const history = Array.from({ length: 12 }, (_, i) => `i${i}`);
    write({
      'corpus.jsonl': items.join('\n'),
      'sequences/x-train.jsonl': row('u1', [...history, 'unknown'], 'i3'),
      'sequences/x-val.jsonl': row('u1', ['i0'], 'i1'),
      'sequences/x-test.jsonl': row('u2', ['i0'], 'i1'),
    });
    const { examples, kind, notes } = await openTask(dir);
    assert.equal(kind, 'sequence');
    assert.equal(examples.train[0].query, history.slice(2).map((id) => `Item ${id.slice(1)}`).join('\n')); // prettier-ignore
    assert.equal(examples.train[0].history!.length, 13);
    assert.deepEqual(examples.test[0], { id: 'u2', query: 'Item 0', history: ['i0'], relevant: new Map([['i1', 1]]) });
    assert.equal(new Set([examples.train[0].id, examples.validation[0].id]).size, 2);
    assert.deepEqual(notes, []);
  });

  it('leaves out what has no document and counts it, and takes training rows from validation', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => row(`u${i}`, ['d1'], 'd2'));
    write({
      'corpus.jsonl': CORPUS,
      'sequences/val.jsonl': [...rows, row('v', ['d1'], 'gone')].join('\n'),
      'sequences/test.jsonl': [row('t1', ['gone'], 'd2'), row('t2', ['d1'], 'd2')].join('\n'),
    });
    const { examples, notes } = await openTask(dir);
    assert.equal(examples.train.length + examples.validation.length, 100);
    assert.ok(examples.train.length > 65 && examples.validation.length > 5);
    assert.deepEqual(examples.test.map(({ id }) => id), ['t2']); // prettier-ignore
    assert.equal(notes.length, 3);
    assert.match(notes.join(' '), /1 of 2 histories.*1 of 101 targets.*80 % of the validation rows/);
  });

  it('wants the split in the name and a file at all', async () => {
    write({ 'corpus.jsonl': CORPUS, 'sequences/readme.txt': '' });
    await refuses(/holds no \.jsonl file/);
    write({ 'sequences/all.jsonl': row('u', ['d1'], 'd2') });
    await refuses(/the name must say the split/);
    rmSync(join(dir, 'sequences/all.jsonl'));
    write({ 'sequences/val.jsonl': '{"user_id":"u","history":"d1","target":"d2"}' });
    await refuses(/val\.jsonl, line 1: "history" must be a list of ids, got "d1"/);
  });
});

describe('openTask on the re-ranking layout', () => {
  const FILES = {
    'corpus.jsonl': CORPUS,
    'queries.jsonl': QUERIES,
    'qrels/train.tsv': 'q1\td1\t2\nq1\td3\t1\n',
    'qrels/test.tsv': 'q2\td2\t1\n',
  };

  it('attaches candidates with their texts, and only those are targets', async () => {
    write({ ...FILES, 'candidates.jsonl': '{"_id":"q1","candidates":["d2","d1"]}\n{"_id":"q2","candidates":["d3","d1"]}\n' }); // prettier-ignore
    const { kind, examples, notes } = await openTask(dir);
    assert.equal(kind, 'rerank');
    const candidates = [{ id: 'd2', text: 'Lid' }, { id: 'd1', text: 'Pan iron' }]; // prettier-ignore
    assert.deepEqual(examples.train.concat(examples.validation), [{ id: 'q1', query: 'pan', candidates, relevant: new Map([['d1', 2]]) }]); // prettier-ignore
    assert.deepEqual(examples.test, []);
    assert.ok(notes.includes('Queries left out because no candidate is relevant: 1.'));
  });

  it('names what is wrong with a row', async () => {
    const refusal = async (rows: string, pattern: RegExp): Promise<void> => {
      write({ ...FILES, 'candidates.jsonl': rows });
      await refuses(pattern);
    };
    await refusal('{"_id":"q1","candidates":["d1"]}', /line 1: query "q1" needs at least two candidates/);
    await refusal('{"_id":"q1","candidates":["d1","d2","d1"]}', /line 1: the candidate "d1" is listed twice/);
    await refusal('{"_id":"q1","candidates":["d1","d9"]}', /line 1: the candidate "d9" is not in the corpus/);
    const row = '{"_id":"q1","candidates":["d1","d2"]}';
    await refusal(`${row}\n${row}`, /line 2: query "q1" already has candidates/);
  });
});

describe('openTask with a prompt of the task’s own', () => {
  const QUERY = '{"_id":"q1","text":"pan","budget":20,"likes":["iron","red"],"nothing":null}\n';
  const prompt = (text: string): void => {
    write({ 'corpus.jsonl': CORPUS, 'queries.jsonl': QUERY, 'qrels/test.tsv': 'q1\td1\t1\n', 'prompt.json': text });
  };

  it('fills its fields from the rows of the queries', async () => {
    prompt('{"user":"{text} under {budget}, {likes}; {text}","answerKey":"search"}');
    const { kind, examples } = await openTask(dir);
    assert.equal(kind, 'search');
    assert.deepEqual(examples.test[0].custom, {
      template: { user: '{text} under {budget}, {likes}; {text}', answerKey: 'search' },
      fields: { text: 'pan', budget: '20', likes: 'iron, red' },
    });
  });

  it('names what is wrong with it', async () => {
    const refusal = async (text: string, pattern: RegExp): Promise<void> => {
      prompt(text);
      await refuses(pattern);
    };
    await refusal('{"user":"{colour} {text}"}', /queries\.jsonl, line 1: the prompt asks for \{colour\}, .*got nothing; the row has _id, text, budget/); // prettier-ignore
    await refusal('{"user":"{nothing}"}', /asks for \{nothing\}.*got null/);
    await refusal('{"user":"{constructor}"}', /asks for \{constructor\}.*got nothing/);
    await refusal('{"user":"Find something"}', /prompt\.json: neither text has a field; write \{text\}/);
    await refusal('{"system":"{text}"}', /prompt\.json: "user" is missing/);
    await refusal('{"user":"{text}","answerkey":"q"}', /prompt\.json: there is no option "answerkey" here; known are answerKey, system, user/); // prettier-ignore
    await refusal('["{text}"]', /prompt\.json must be a JSON object/);
    await refusal('{', /prompt\.json is not JSON/);
  });
});
