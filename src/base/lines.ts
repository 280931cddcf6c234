/**
 * @file Text files read line by line without holding them, gzip-compressed when the name ends in `.gz`. Every complaint names
 * the file and the line.
 */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { UserError } from './errors.ts';

export interface Line {
  readonly text: string;
  /** `FILE, line 12`: for messages about this line. */
  readonly where: string;
}

/** A longer line is no row of a table: the file is of another kind, or its line breaks are. */
const MAX_LINE_BYTES = 1 << 28;

const LINE_FEED = 0x0a;

/** The lines of a UTF-8 file, without blank ones. */
export async function* readLines(path: string): AsyncGenerator<Line> {
  for await (const lines of readLineBlocks(path)) yield* lines;
}

/** As `readLines`, many at a time: to wait for each line takes longer than to read it. */
export async function* readLineBlocks(path: string): AsyncGenerator<readonly Line[]> {
  for await (const lines of allLineBlocks(path)) yield lines.filter(({ text }) => text.trim() !== '');
}

/** The lines of a UTF-8 file, also blank ones. */
export async function* readAllLines(path: string): AsyncGenerator<Line> {
  for await (const lines of allLineBlocks(path)) yield* lines;
}

/**
 * Only a line feed ends a line (Node's readline would also break at U+2028, which JSON allows inside a string); a carriage
 * return before it is dropped, and a byte order mark at the beginning of the file.
 */
async function* allLineBlocks(path: string): AsyncGenerator<readonly Line[]> {
  let number = 0;
  for await (const block of readBlocks(path)) {
    const isValid = isUtf8(block);
    const lines: Line[] = [];
    for (let start = 0, end = 0; start < block.length; start = end + 1) {
      end = block.indexOf(LINE_FEED, start);
      if (end < 0) end = block.length;
      const where = `${path}, line ${++number}`;
      if (!isValid && !isUtf8(block.subarray(start, end))) {
        throw new UserError(`${where}: not valid UTF-8; convert the file to UTF-8.`);
      }
      const text = block.toString('utf8', start, end);
      const first = number === 1 && text.startsWith('\ufeff') ? 1 : 0;
      lines.push({ text: text.slice(first, text.endsWith('\r') ? -1 : undefined), where });
    }
    yield lines;
  }
}

/** Whole lines, as many as come in a chunk of the file. */
async function* readBlocks(path: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of readChunks(path)) {
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      yield Buffer.concat([...rest, chunk.subarray(0, end)]);
      rest = [];
      restBytes = 0;
    }
    if (end === chunk.length) continue;
    rest.push(chunk.subarray(end));
    restBytes += chunk.length - end;
    if (restBytes > MAX_LINE_BYTES) {
      throw new UserError(`${path} has a line of more than 256 MB; is it a text file with one row per line?`);
    }
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}

async function* readChunks(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  const stream = path.endsWith('.gz') ? file.pipe(createGunzip({ chunkSize: 1 << 18 })) : file;
  // A pipe does not hand on the error of its source.
  file.on('error', (error) => stream.destroy(error));
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    throw readingError(path, error);
  } finally {
    file.destroy();
  }
}

/** What went wrong when a file was opened or read, as a sentence where it is the user's to fix. */
export function readingError(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return new UserError(`${path} does not exist; check the path.`);
  if (code === 'EISDIR') return new UserError(`${path} is a folder, not a file; name a file in it.`);
  if (code === 'EACCES' || code === 'EPERM') return new UserError(`${path} may not be read; check its permissions.`);
  if (code?.startsWith('Z_')) return new UserError(`${path} is not a whole gzip file; copy it again.`);
  return error;
}
