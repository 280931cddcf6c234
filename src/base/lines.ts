/**
 * @file Text files read line by line without holding them, gzip-compressed when the name ends in `.gz`. Every complaint names
 * the file and the line.
 */
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

/** A byte order mark is text to this decoder: only one at the very beginning of a file is dropped. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The lines of a UTF-8 file, without blank ones. */
export async function* readLines(path: string): AsyncGenerator<Line> {
  for await (const line of readAllLines(path)) if (line.text.trim() !== '') yield line;
}

/**
 * The lines of a UTF-8 file. Only a line feed ends a line (Node's readline would also break at U+2028, which JSON allows
 * inside a string); a carriage return before it is dropped.
 */
export async function* readAllLines(path: string): AsyncGenerator<Line> {
  let number = 0;
  for await (const bytes of splitLines(path)) {
    number++;
    const where = `${path}, line ${number}`;
    const text = decode(bytes, where);
    const start = number === 1 && text.startsWith('\ufeff') ? 1 : 0;
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    yield { text: text.slice(start, end), where };
  }
}

function decode(bytes: Uint8Array, where: string): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new UserError(`${where}: not valid UTF-8; convert the file to UTF-8.`);
  }
}

async function* splitLines(path: string): AsyncGenerator<Uint8Array> {
  const rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of readChunks(path)) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      rest.push(chunk.subarray(start, end));
      yield rest.length === 1 ? rest[0] : Buffer.concat(rest);
      rest.length = 0;
      restBytes = 0;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    rest.push(chunk.subarray(start));
    restBytes += chunk.length - start;
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
