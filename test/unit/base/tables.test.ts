/** @file Text files as they come in real life: other editors, broken copies, no line breaks. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readTable } from '../../../src/base/csv.ts';
import { UserError } from '../../../src/base/errors.ts';
import { readJsonLines, type Row } from '../../../src/base/json-lines.ts';
import { readLines } from '../../../src/base/lines.ts';
import { dataFolder } from '../../fixtures/data-folder.ts';

async function values(rows: AsyncIterable<Row>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const { value } of rows) found.push(value);
  return found;
}

function file(test: TestContext, name: string, content: string | Buffer): string {
  return join(dataFolder(test, { [name]: content }), name);
}

function refusal(pattern: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, pattern);
    return true;
  };
}

describe('a JSON Lines file', () => {
  it('may begin with a byte order mark, end lines in CR LF, have blank lines and no line feed at its end', async (test) => {
    const path = file(test, 'a.jsonl', '\ufeff{"a":1}\r\n\r\n{"a":"\ufeffx\u2028y"}');
    assert.deepEqual(await values(readJsonLines(path)), [{ a: 1 }, { a: '\ufeffx\u2028y' }]);
  });

  it('may have a line of 50 MB', async (test) => {
    const long = 'x'.repeat(50e6);
    const path = file(test, 'a.jsonl', `{"a":"${long}"}\n{"a":"y"}\n`);
    const [first, second] = (await values(readJsonLines(path))) as { a: string }[];
    assert.equal(first.a.length, 50e6);
    assert.equal(second.a, 'y');
  });

  it('may be empty', async (test) => {
    assert.deepEqual(await values(readJsonLines(file(test, 'a.jsonl', ''))), []);
    assert.deepEqual(await values(readJsonLines(file(test, 'a.jsonl.gz', gzipSync('')))), []);
  });

  it('is refused by the line when that is not UTF-8', async (test) => {
    const path = file(
      test,
      'a.jsonl',
      Buffer.concat([Buffer.from('{"a":1}\n{"a":"'), Buffer.from([0xe9, 0x22, 0x7d])]),
    );
    await assert.rejects(values(readJsonLines(path)), refusal(/a\.jsonl, line 2: not valid UTF-8/));
    const utf16 = file(test, 'b.jsonl', Buffer.from('\ufeff{"a":1}\n', 'utf16le'));
    await assert.rejects(values(readJsonLines(utf16)), refusal(/b\.jsonl, line 1: not valid UTF-8; convert/));
  });

  it('is refused when its gzip is cut short, after the rows before the cut', async (test) => {
    const lines = Array.from({ length: 50_000 }, (_, i) => `{"a":${i * 7919}}`).join('\n');
    const whole = gzipSync(lines);
    const path = file(test, 'a.jsonl.gz', whole.subarray(0, whole.length >> 1));
    let rows = 0;
    const read = async (): Promise<void> => {
      for await (const { value } of readJsonLines(path)) rows += Number(value['a'] !== undefined);
    };
    await assert.rejects(read(), refusal(/a\.jsonl\.gz is not a whole gzip file; copy it again/));
    assert.ok(rows > 1000 && rows < 49_000, `${rows}`);
  });

  it(
    'is closed when its reader stops early, and when it is wrong',
    { skip: process.platform !== 'linux' },
    async (test) => {
      const rows = '{"a":1}\n'.repeat(50_000);
      const dir = dataFolder(test, { 'a.jsonl': `${rows}oops\n${rows}`, 'b.jsonl.gz': gzipSync(rows) });
      const open = (): number => readdirSync('/proc/self/fd').length;
      const before = open();
      await assert.rejects(values(readJsonLines(join(dir, 'a.jsonl'))), refusal(/line 50001: not valid JSON/));
      for await (const row of readJsonLines(join(dir, 'b.jsonl.gz'))) {
        assert.deepEqual(row.value, { a: 1 });
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(open(), before);
    },
  );
});

describe('readLines', () => {
  it('says what is wrong with a path', async (test) => {
    const read = async (path: string): Promise<void> => {
      for await (const line of readLines(path)) assert.ok(line);
    };
    const dir = dataFolder(test, { 'a.txt': 'x' });
    await assert.rejects(read(join(dir, 'none')), refusal(/none does not exist/));
    await assert.rejects(read(dir), refusal(/is a folder, not a file/));
  });
});

describe('a CSV file', () => {
  it('may hold quotes, commas, line breaks and blank lines inside quotes', async (test) => {
    const path = file(test, 'a.csv', '\ufeffid,text\r\n1,"say ""hi"", twice\r\n\r\nand go"\r\n\r\n2,""\r\n');
    assert.deepEqual(await values(readTable(path)), [
      { id: '1', text: 'say "hi", twice\n\nand go' },
      { id: '2', text: '' },
    ]);
  });

  it('may hold a cell of a hundred thousand lines', async (test) => {
    const cell = 'line, of text\n'.repeat(100_000);
    const path = file(test, 'a.csv', `id,text\n1,"${cell}"\n2,x\n`);
    const [first, second] = await values(readTable(path));
    assert.deepEqual(first, { id: '1', text: cell });
    assert.deepEqual(second, { id: '2', text: 'x' });
  });

  it('is refused by the line when a quote is not closed or stands in the middle of a cell', async (test) => {
    const rows = 'x,"y"\n'.repeat(10_000);
    for (const [text, pattern] of [
      [`a,b\n1,"x\n${rows}`, /a\.csv, line 2: a quote is not closed|line 2: a quote stands inside/],
      ['a,b\n1,x"y"\n', /line 2: a quote stands inside a cell/],
      ['a,b\n1,"x" y\n', /line 2: a quote stands inside a cell/],
      ['a,b\n1,"x","y"\n', /line 2: expected 2 columns as in the header, got 3/],
    ] as const) {
      await assert.rejects(values(readTable(file(test, 'a.csv', text))), refusal(pattern));
    }
  });
});
