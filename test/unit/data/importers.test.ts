import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readTable } from '../../../src/base/csv.ts';
import { type OpenOptions, openTask } from '../../../src/data/open-task.ts';
import { dataFolder, refuses } from '../../fixtures/data-folder.ts';

const TREC = {
  'documents/b.gz': gzipSync(
    '<DOC>\n<DOCNO> FT-2 </DOCNO>\n<HEADLINE>Lids</HEADLINE>\n<TEXT>\nGlass &amp; steel\n</TEXT>\n</DOC>\n',
  ),
  'documents/a.sgml':
    '<DOC>\n<DOCNO>FT-1</DOCNO>\n<TITLE>Pans</TITLE>\n<TEXT>\n<P>Cast iron</P>\n<P>pan</P>\n</TEXT>\n</DOC>\n',
  'topics.txt':
    '<top>\n<num> Number: 301\n<title> Topic: heavy pan\n<desc> Description:\nPans.\n</top>\n\n<top>\n<num> 302 </num>\n<title>lids</title>\n</top>\n',
  'qrels.train.txt': '301 0 FT-1 2\n301 0 FT-2 0\n',
  'qrels.test.txt': '302\t0\tFT-2\t1\n',
};

describe('openTask on a TREC collection', () => {
  it('reads documents, topics and qrels', async (test) => {
    const task = await openTask(dataFolder(test, { ...TREC, 'qrels.dev.txt': '' }));
    assert.deepEqual(task.documents, [
      { id: 'FT-1', title: 'Pans', text: 'Cast iron pan' },
      { id: 'FT-2', title: 'Lids', text: 'Glass & steel' },
    ]);
    assert.deepEqual(task.examples.test, [{ id: '302', query: 'lids', relevant: new Map([['FT-2', 1]]) }]);
    assert.deepEqual(
      [...task.examples.train, ...task.examples.validation],
      [{ id: '301', query: 'heavy pan', relevant: new Map([['FT-1', 2]]), irrelevant: ['FT-2'] }],
    );
  });

  it('reads topics as lines of id and text', async (test) => {
    const task = await openTask(dataFolder(test, { ...TREC, 'topics.txt': '301\theavy pan\n302\tlids\n' }));
    assert.equal(task.examples.test[0].query, 'lids');
  });

  it('names what is wrong', async (test) => {
    await refuses(
      dataFolder(test, { ...TREC, 'qrels.test.txt': '302 FT-2 1\n' }),
      /qrels\.test\.txt, line 1: expected query, iteration/,
    );
    await refuses(
      dataFolder(test, { ...TREC, 'topics.txt': 'no tab\n' }),
      /topics\.txt, line 1: expected a <top> block/,
    );
    await refuses(
      dataFolder(test, { ...TREC, 'topics.txt': '<top>\n<num> 1\n</top>\n' }),
      /line 1: the topic needs <num> and <title>/,
    );
    await refuses(
      dataFolder(test, { ...TREC, 'documents/c': '<DOC>\n<DOCNO>FT-1</DOCNO>\n</DOC>\n' }),
      /"FT-1" was already used/,
    );
    await refuses(
      dataFolder(test, { ...TREC, 'documents/c': '<DOC>\n<DOCNO>1</DOCNO>\n<DOC>\n<DOCNO>2</DOCNO>\n</DOC>\n' }),
      /c, line 1: <DOC> is not closed before the next one in .*c, line 3/,
    );
    await refuses(
      dataFolder(test, { ...TREC, 'topics.txt': '301\tpan\n301\tlid\n' }),
      /topics\.txt, line 2: topic "301" was already given/,
    );
    await refuses(
      dataFolder(test, { ...TREC, 'documents/b.gz': TREC['documents/b.gz'].subarray(0, 60) }),
      /b\.gz is not a whole gzip file/,
    );
    await refuses(
      dataFolder(test, { ...TREC, 'documents/c': Buffer.from('<DOC>\n<DOCNO>caf\xe9</DOCNO>\n</DOC>\n', 'latin1') }),
      /c, line 2: not valid UTF-8; convert the file/,
    );
    await refuses(dataFolder(test, { ...TREC, 'documents/c': '<DOC>\n<TEXT>x\n' }), /c, line 1: <DOC> is not closed/);
    await refuses(dataFolder(test, { ...TREC, 'documents/c': '<DOC>\n<TEXT>x</TEXT>\n</DOC>\n' }), /has no <DOCNO>/);
  });
});

const TABLE = {
  'documents.csv': 'sku,name,about\r\n1,"Pan, iron","12"" wide\nand heavy"\r\n2,Lid,\r\n',
  'judgments.tsv':
    'search_term\tsku\tlabel\tsplit\nsomething to fry in\t1\tExact\ttrain\nsomething to fry in\t2\tIrrelevant\ttrain\ncover\t2\tExact\ttest\n',
};
const OPTIONS: OpenOptions = {
  columns: { id: 'sku', title: 'name', text: 'about', query: 'search_term', document: 'sku', grade: 'label' },
  grades: { Exact: 3, Irrelevant: 0 },
};

describe('openTask on tables', () => {
  it('maps columns and labels', async (test) => {
    const task = await openTask(dataFolder(test, TABLE), OPTIONS);
    assert.deepEqual(task.documents, [
      { id: '1', title: 'Pan, iron', text: '12" wide\nand heavy' },
      { id: '2', title: 'Lid', text: '' },
    ]);
    assert.deepEqual(task.examples.test, [{ id: 'q2', query: 'cover', relevant: new Map([['2', 3]]) }]);
  });

  it('takes every row as a match when there is no grade, and JSON Lines as well', async (test) => {
    const dir = dataFolder(test, {
      'documents.jsonl': '{"id":1,"title":"Pan"}\n',
      'judgments.jsonl': '{"query":"fry","document":1}\n',
    });
    const { examples } = await openTask(dir);
    const all = [...examples.train, ...examples.validation, ...examples.test];
    assert.deepEqual(all, [{ id: 'q1', query: 'fry', relevant: new Map([['1', 1]]) }]);
  });

  it('names what is wrong', async (test) => {
    await refuses(dataFolder(test, TABLE), /documents\.csv, line 2: there is no column "id" among sku, name, about/);
    await refuses(dataFolder(test, TABLE), /the grade is "Exact"; give a number, or say with --grades/, {
      ...OPTIONS,
      grades: undefined,
    });
    await refuses(
      dataFolder(test, { ...TABLE, 'documents.csv': 'sku,name\n1\n' }),
      /line 2: expected 2 columns as in the header, got 1/,
      OPTIONS,
    );
    await refuses(
      dataFolder(test, { ...TABLE, 'documents.csv': 'sku,name\n1,"x\n' }),
      /line 2: a quote is not closed/,
      OPTIONS,
    );
    await refuses(
      dataFolder(test, { ...TABLE, 'documents.csv': 'sku,name\n1,a "b" c\n' }),
      /line 2: a quote stands inside/,
      OPTIONS,
    );
    await refuses(
      dataFolder(test, { ...TABLE, 'documents.csv': 'sku,nom\n1,x\n' }),
      /neither a column "name" nor "about"/,
      OPTIONS,
    );
    await refuses(dataFolder(test, { ...TABLE, 'documents.csv': 'sku,name\n' }), /holds no document/, OPTIONS);
  });
});

describe('readTable', () => {
  it('keeps quotes of a .tsv as they are and empty cells of a .csv', async (test) => {
    const dir = dataFolder(test, { 'a.tsv': 'x\ty\n"q"\t\n', 'b.csv': 'x,y,z\n,"",1\n' });
    const rows = async (file: string): Promise<object[]> => {
      const found: object[] = [];
      for await (const { value } of readTable(join(dir, file))) found.push(value);
      return found;
    };
    assert.deepEqual(await rows('a.tsv'), [{ x: '"q"', y: '' }]);
    assert.deepEqual(await rows('b.csv'), [{ x: '', y: '', z: '1' }]);
  });
});
