/**
 * @file What of a person's disk is ours or of use to us, for a list with sizes: the task folders of a workspace, and what is
 * kept in the cache folder. Files are not read but for the head of those that we made.
 */
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isRow } from '../base/checks.ts';

export interface StoredFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** A file of the cache folder: it may be deleted, and is made again when it is needed. */
export interface KeptFile extends StoredFile {
  /** The folder in the cache: `indexes`, `vectors`. */
  readonly kind: string;
  /** What it was made of, as far as its head says so. */
  readonly source?: string;
  readonly documents?: number;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
}

/** All files under a folder, as paths from it, sorted. */
export function filesUnder(dir: string): readonly StoredFile[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
    .map((path) => ({ path, sizeBytes: statSync(path).size }));
}

/** Folders of the cache whose files were computed from a corpus. Whoever fetches something there keeps it in others. */
const KINDS = ['indexes', 'vectors'];

/** What the cache folder holds of indexes and vectors, newest first. A folder that is not there holds nothing. */
export function keptFiles(cacheDir: string): readonly KeptFile[] {
  const kinds = KINDS.filter((kind) => existsSync(join(cacheDir, kind)));
  const kept = kinds.flatMap((kind) =>
    filesUnder(join(cacheDir, kind)).map(({ path, sizeBytes }) => {
      return { path, sizeBytes, kind, changedAt: statSync(path).mtimeMs, ...headOf(path) };
    }),
  );
  return kept.sort((a, b) => b.changedAt - a.changedAt);
}

/** Bytes before the JSON of a head: magic and version, then its length (see the makers of such files). */
const PREFIX_BYTES = 16;
const MAX_HEAD_BYTES = 1 << 20;

/** Nothing of a file that is not ours, or damaged. */
function headOf(path: string): Pick<KeptFile, 'source' | 'documents'> {
  const head = readHead(path);
  if (head === undefined) return {};
  const { source, documents, origin, count } = head;
  const encoder = isRow(origin) && isRow(origin.encoder) ? origin.encoder.dir : undefined;
  const from = isRow(source) ? source.path : encoder;
  const made = documents ?? count;
  return {
    ...(typeof from === 'string' && { source: basename(from) }),
    ...(typeof made === 'number' && { documents: made }),
  };
}

function readHead(path: string): Readonly<Record<string, unknown>> | undefined {
  const file = openSync(path, 'r');
  try {
    const prefix = Buffer.alloc(PREFIX_BYTES);
    if (readSync(file, prefix) < PREFIX_BYTES || !prefix.toString('latin1').startsWith('RECR1')) return undefined;
    const head = Buffer.alloc(Math.min(prefix.readUInt32LE(12), MAX_HEAD_BYTES));
    readSync(file, head);
    const value: unknown = JSON.parse(head.toString('utf8'));
    return isRow(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  } finally {
    closeSync(file);
  }
}

/** `3.4 MB`, in decimal units as file managers show it; in a language that writes numbers in another way, in that. */
export function sizeText(bytes: number, language = 'en'): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), units.length);
  const value = bytes / 1000 ** power;
  const digits = value < 10 ? 1 : 0;
  const figure = value.toLocaleString(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: false,
  });
  return `${figure} ${units[power - 1]}`;
}
