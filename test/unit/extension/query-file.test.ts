import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Lines, mayHoldQueries, queriesIn, writtenIn } from '../../../src/extension/query-file.ts';

function fileOf(path: string, text: string): Lines {
  const lines = text.split('\n');
  return { path, lineCount: lines.length, lineText: (line) => lines[line] };
}

/** Each query with the text that stands in its place. */
function found(
  path: string,
  text: string,
  first = 0,
  last = Infinity,
): [query: string, written: string, line: number][] {
  const lines = text.split('\n');
  return queriesIn(fileOf(path, text), first, last).map(({ query, start, end }) => {
    const span = lines.slice(start.line, end.line + 1);
    span[span.length - 1] = span[span.length - 1].slice(0, end.character);
    span[0] = span[0].slice(start.character);
    return [query, span.join('\n'), start.line];
  });
}

describe('queries in files', () => {
  it('finds the query of each object in JSON Lines, whatever else is in it and however it is written', () => {
    const text = [
      '{"_id": "1", "query": "warm \\"hat\\" \\u00fcber", "hits": [{"query": "not this"}]}',
      '',
      '{"hits": ["a", {"b": ","}], "query" : "socks"}',
      '{"query": 5}',
      '{"query": "",  "x": 1}',
      '{"query": "not closed',
      'no JSON "query": "x"',
    ].join('\n');
    assert.deepEqual(found('/a/rollouts.jsonl', text), [
      ['warm "hat" über', '"warm \\"hat\\" \\u00fcber"', 0],
      ['socks', '"socks"', 2],
    ]);
  });

  it('takes "text" for a query only in files that are named after queries, and never in a corpus', () => {
    const row = '{"_id": "Q1", "text": "warm hat"}';
    assert.equal(found('/a/queries.jsonl', row).length, 1);
    assert.equal(found('/a/queries/test.jsonl', row).length, 1);
    assert.equal(found('/a/corpus.jsonl', row).length, 0);
    assert.equal(found('/a/queries.jsonl', '{"title": "Hat", "text": "A hat."}').length, 0);
  });

  it('finds the column of a CSV file by its header, inside quotes and over lines', () => {
    const text = [
      'id,Query,note',
      '1,warm hat,"a, b"',
      '2,"hat, ""warm""",',
      '3,"over',
      'lines",x',
      '4,,x',
      '5,a "stray" quote,x',
      '6,last,x',
    ].join('\n');
    assert.deepEqual(found('/a/log.csv', text), [
      ['warm hat', 'warm hat', 1],
      ['hat, "warm"', '"hat, ""warm"""', 2],
      ['over\nlines', '"over\nlines"', 3],
      ['last', 'last', 7],
    ]);
  });

  it('goes on after a quote that is not closed', () => {
    const rows = Array.from({ length: 200 }, (_, i) => `${i},query ${i}`);
    rows[50] = '50,"open';
    assert.equal(found('/a/log.csv', ['id,query', ...rows].join('\n')).length, 199);
  });

  it('reads a table without a header where the name says that it holds queries', () => {
    assert.deepEqual(found('/a/queries.dev.tsv', '1\twarm "hat"\n2\tsocks'), [
      ['warm "hat"', 'warm "hat"', 0],
      ['socks', 'socks', 1],
    ]);
    assert.deepEqual(found('/a/qrels.tsv', 'query-id\tcorpus-id\tscore\n1\t2\t1'), []);
    assert.deepEqual(found('/a/documents.csv', 'id,title,text\n1,Hat,A hat.'), []);
  });

  it('takes each line of a text file for a query if the name says so', () => {
    assert.deepEqual(found('/a/queries.txt', '  warm hat \r\n\nsocks'), [
      ['warm hat', 'warm hat', 0],
      ['socks', 'socks', 2],
    ]);
    assert.ok(!mayHoldQueries('/a/README.txt'));
    assert.ok(!mayHoldQueries('/a/queries.md'));
  });

  it('looks only at the lines that are asked for', () => {
    const looked = new Set<number>();
    const file: Lines = {
      path: '/a/queries.jsonl',
      lineCount: 100_000,
      lineText: (line) => {
        looked.add(line);
        return `{"text": "query ${line}"}`;
      },
    };
    assert.equal(queriesIn(file, 50_000, 50_009).length, 10);
    assert.equal(looked.size, 10);
  });
});

describe('a query written in place of another', () => {
  it('is JSON in JSON Lines', () => {
    assert.equal(writtenIn('/q.jsonl', 'a "b"\n\\c', '"old"'), '"a \\"b\\"\\n\\\\c"');
  });

  it('is quoted in CSV where it must be, or where the old one was', () => {
    assert.equal(writtenIn('/q.csv', 'plain words', 'old'), 'plain words');
    assert.equal(writtenIn('/q.csv', 'plain words', '"old"'), '"plain words"');
    assert.equal(writtenIn('/q.csv', 'a, "b"', 'old'), '"a, ""b"""');
  });

  it('never breaks the line of a format without quotes', () => {
    assert.equal(writtenIn('/q.tsv', 'a\tb\nc', 'old'), 'a b c');
    assert.equal(writtenIn('/queries.txt', 'a\r\nb', 'old'), 'a b');
  });
});
