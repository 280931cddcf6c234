/**
 * @file Text files read line by line without holding them: JSON Lines and plain lines, gzip-compressed when the name ends in
 * `.gz`. Every complaint names the file and the line.
 */
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { UserError, messageOf } from './errors.ts';

export interface Line {
  readonly text: string;
  /** `FILE, line 12`: for messages about this line. */
  readonly where: string;
}

export interface JsonLine {
  readonly value: Readonly<Record<string, unknown>>;
  readonly where: string;
}

/**
 * The lines of a UTF-8 file, without blank ones. Only a line feed ends a line (Node's readline would also break at U+2028,
 * which JSON allows inside a string); a carriage return before it is dropped.
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let number = 0;
  for await (const bytes of splitLines(path)) {
    number++;
    const where = `${path}, line ${number}`;
    const text = decode(bytes, where);
    if (text.trim() !== '') yield { text: text.endsWith('\r') ? text.slice(0, -1) : text, where };
  }
}

/** The rows of a JSON Lines file; each line must hold one object. */
export async function* readJsonLines(path: string): AsyncGenerator<JsonLine> {
  for await (const { text, where } of readLines(path)) yield { value: parseObject(text, where), where };
}

function parseObject(text: string, where: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${where}: not valid JSON (${messageOf(error)}); each line must be one JSON object.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UserError(`${where}: expected a JSON object, got ${excerpt(text)}.`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function excerpt(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function decode(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UserError(`${where}: not valid UTF-8; convert the file to UTF-8.`);
  }
}

async function* splitLines(path: string): AsyncGenerator<Uint8Array> {
  const rest: Buffer[] = [];
  for await (const chunk of readChunks(path)) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      rest.push(chunk.subarray(start, end));
      yield rest.length === 1 ? rest[0] : Buffer.concat(rest);
      rest.length = 0;
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}

async function* readChunks(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  const stream = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
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

function readingError(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return new UserError(`${path} does not exist; check the path.`);
  if (code === 'EISDIR') return new UserError(`${path} is a folder, not a file; name a file in it.`);
  if (code === 'EACCES' || code === 'EPERM') return new UserError(`${path} may not be read; check its permissions.`);
  if (code?.startsWith('Z_')) return new UserError(`${path} is not a whole gzip file; copy it again.`);
  return error;
}
