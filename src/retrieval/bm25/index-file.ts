/**
 * @file Postings as one file: written whole or not at all, checked before a byte of it is believed. No string or system call
 * grows with the file, so it may be larger than the 2 GB that Node takes at once.
 *
 * Layout: 8 bytes magic, 4 bytes format version, 4 bytes header length (little-endian), the header as JSON, then its sections
 * one after the other, then the SHA-256 of all before. A posting is the distance to the document before, doubled, plus one
 * when the frequency is 1; any other frequency follows. Positions, when the index has them, are as in memory, with the bytes
 * of each term counted apart. k1 and b are not in the file: one index serves all.
 */
import { writeFileAtomic } from '../../base/atomic-file.ts';
import { CHECKSUM_BYTES, CheckedReader, openToRead, withChecksum } from '../../base/checked-file.ts';
import { UserError } from '../../base/errors.ts';
import { ANALYZER } from '../analysis/analyzer.ts';
import type { Postings } from './postings.ts';
import { sharedUint32Array } from './shared-arrays.ts';
import { VarintReader, VarintWriter } from './varint.ts';

const MAGIC = 'RECR1IDX';
/** Of the format; changes when a file of before can no longer be read. */
export const INDEX_VERSION = 2;
const PREFIX_BYTES = 16;
const LINE_FEED = 0x0a;
/** Ids or terms that become one string at a time. */
const LINES_AT_ONCE = 1 << 16;
/** Bytes of ids or terms that become one string at a time, and more where a line is longer. */
const TEXT_BYTES_AT_ONCE = 1 << 22;

/** The corpus that an index was made of. */
export interface IndexSource {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMillis: number;
  /** Of the file's bytes, in hexadecimal. */
  readonly sha256: string;
}

interface Header {
  readonly analyzer: string;
  readonly source: IndexSource;
  readonly documents: number;
  readonly terms: number;
  readonly postings: number;
  readonly documentCount: number;
  readonly wordCount: number;
  /** Whether phrases can be searched. */
  readonly positions: boolean;
  /** Size of each section in bytes, in the order of {@link SECTIONS}. */
  readonly sectionBytes: readonly number[];
}

/** Ids and terms end in a line feed; ids are JSON, for they may hold anything. */
const SECTIONS = ['ids', 'terms', 'lengths', 'postings', 'positionSizes', 'positions'] as const;
type Sections = Record<(typeof SECTIONS)[number], Uint8Array>;

export async function writeIndexFile(path: string, postings: Postings, source: IndexSource): Promise<void> {
  const sections: Sections = {
    ids: encodeLines(postings.ids, (id) => JSON.stringify(id)),
    terms: encodeLines([...postings.terms.keys()], (term) => term),
    lengths: postings.lengths,
    postings: encodePostings(postings),
    positionSizes: encodeSizes(postings.positions?.starts ?? new Float64Array()),
    positions: postings.positions?.bytes ?? new Uint8Array(),
  };
  const header: Header = {
    analyzer: ANALYZER,
    source,
    documents: postings.ids.length,
    terms: postings.terms.size,
    postings: postings.documents.length,
    documentCount: postings.documentCount,
    wordCount: postings.wordCount,
    positions: postings.positions !== undefined,
    sectionBytes: SECTIONS.map((name) => sections[name].length),
  };
  const headerBytes = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.write(MAGIC, 'latin1');
  prefix.writeUInt32LE(INDEX_VERSION, 8);
  prefix.writeUInt32LE(headerBytes.length, 12);
  const body = [prefix, headerBytes, ...SECTIONS.map((name) => sections[name])];
  await writeFileAtomic(path, withChecksum(body));
}

/**
 * Reads an index file.
 *
 * @throws UserError when there is none, when it is another kind of file, of another version or analysis, or damaged.
 */
export async function readIndexFile(path: string): Promise<{ postings: Postings; source: IndexSource }> {
  const body = await readBody(path);
  const headerEnd = PREFIX_BYTES + body.readUInt32LE(12);
  const header = JSON.parse(body.toString('utf8', PREFIX_BYTES, headerEnd)) as Header;
  if (header.analyzer !== ANALYZER) {
    throw new UserError(
      `${path} was made with the text analysis ${header.analyzer}, and this version uses ${ANALYZER}; build it again with rec-r1 index.`,
    );
  }
  const sections = cutSections(body, headerEnd, header.sectionBytes);
  const ids = decodeIds(sections.ids);
  const terms = decodeTerms(sections.terms);
  const { documentCount, wordCount } = header;
  const decoded = decodePostings(sections.postings, header);
  const lengths = new Uint8Array(sections.lengths); // a view would keep the whole file in memory
  const postings = { ids, terms, ...decoded, lengths, documentCount, wordCount };
  if (!header.positions) return { source: header.source, postings };
  const positions = {
    bytes: new Uint8Array(sections.positions),
    starts: decodeSizes(sections.positionSizes, header.terms),
  };
  return { source: header.source, postings: { ...postings, positions } };
}

/** The file without its checksum, once magic, version and checksum are right. */
async function readBody(path: string): Promise<Buffer> {
  const file = await openToRead(
    path,
    () => new UserError(`There is no index at ${path}; build one with rec-r1 index.`),
  );
  try {
    const { size } = await file.stat();
    if (size < PREFIX_BYTES + CHECKSUM_BYTES) throw notAnIndex(path);
    const reader = new CheckedReader(file, () => damaged(path));
    const body = Buffer.allocUnsafeSlow(size - CHECKSUM_BYTES);
    await reader.fill(body.subarray(0, PREFIX_BYTES));
    checkPrefix(body, path);
    await reader.fill(body.subarray(PREFIX_BYTES));
    if (!(await reader.checksumFits())) throw damaged(path);
    return body;
  } finally {
    await file.close();
  }
}

function checkPrefix(bytes: Buffer, path: string): void {
  if (bytes.toString('latin1', 0, 8) !== MAGIC) throw notAnIndex(path);
  const version = bytes.readUInt32LE(8);
  if (version !== INDEX_VERSION) {
    throw new UserError(
      `${path} has format ${version}, and this version reads ${INDEX_VERSION}; build it again with rec-r1 index.`,
    );
  }
}

function notAnIndex(path: string): UserError {
  return new UserError(`${path} is not an index of rec-r1; build one with rec-r1 index.`);
}

function damaged(path: string): UserError {
  return new UserError(
    `${path} is damaged or cut short (its checksum does not fit); build it again with rec-r1 index.`,
  );
}

function cutSections(body: Buffer, start: number, sizes: readonly number[]): Sections {
  let at = start;
  const cut = SECTIONS.map((name, i): [string, Uint8Array] => {
    const section = body.subarray(at, at + sizes[i]);
    at += sizes[i];
    return [name, section];
  });
  return Object.fromEntries(cut) as Sections;
}

function encodeLines(values: readonly string[], encode: (value: string) => string): Uint8Array {
  const pieces: Buffer[] = [];
  for (let at = 0; at < values.length; at += LINES_AT_ONCE) {
    const lines = values.slice(at, at + LINES_AT_ONCE).map((value) => `${encode(value)}\n`);
    pieces.push(Buffer.from(lines.join('')));
  }
  return Buffer.concat(pieces);
}

/** Some whole lines at a time, without the last one's line feed. */
function* linesOf(bytes: Uint8Array): Generator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for (let at = 0, end = 0; at < bytes.length; at = end) {
    end = bytes.indexOf(LINE_FEED, at + TEXT_BYTES_AT_ONCE) + 1;
    if (end === 0) end = bytes.length;
    yield decoder.decode(bytes.subarray(at, end - 1));
  }
}

function decodeIds(bytes: Uint8Array): string[] {
  const ids: string[] = [];
  for (const lines of linesOf(bytes)) {
    // One call for all: JSON has no line feed but between values.
    for (const id of JSON.parse(`[${lines.replaceAll('\n', ',')}]`) as string[]) ids.push(id);
  }
  return ids;
}

function decodeTerms(bytes: Uint8Array): Map<string, number> {
  const terms = new Map<string, number>();
  for (const lines of linesOf(bytes)) for (const term of lines.split('\n')) terms.set(term, terms.size);
  return terms;
}

function encodePostings({ offsets, documents, frequencies }: Postings): Uint8Array {
  const writer = new VarintWriter();
  for (let term = 0; term + 1 < offsets.length; term++) {
    writer.write(offsets[term + 1] - offsets[term]);
    let before = 0;
    for (let at = offsets[term]; at < offsets[term + 1]; at++) {
      const gap = documents[at] - before;
      before = documents[at];
      writer.write(gap * 2 + Number(frequencies[at] === 1));
      if (frequencies[at] !== 1) writer.write(frequencies[at]);
    }
  }
  return writer.view();
}

function decodePostings(bytes: Uint8Array, header: Header): Pick<Postings, 'offsets' | 'documents' | 'frequencies'> {
  const reader = new VarintReader(bytes);
  const offsets = sharedUint32Array(header.terms + 1);
  const documents = sharedUint32Array(header.postings);
  const frequencies = new Uint32Array(header.postings);
  let at = 0;
  for (let term = 0; term < header.terms; term++) {
    const end = at + reader.read();
    for (let document = 0; at < end; at++) {
      const code = reader.read();
      document += Math.floor(code / 2);
      documents[at] = document;
      frequencies[at] = code % 2 === 1 ? 1 : reader.read();
    }
    offsets[term + 1] = at;
  }
  return { offsets, documents, frequencies };
}

/** Distances between neighbours. */
function encodeSizes(starts: Float64Array): Uint8Array {
  const writer = new VarintWriter();
  for (let i = 1; i < starts.length; i++) writer.write(starts[i] - starts[i - 1]);
  return writer.view();
}

function decodeSizes(bytes: Uint8Array, count: number): Float64Array {
  const reader = new VarintReader(bytes);
  const starts = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) starts[i + 1] = starts[i] + reader.read();
  return starts;
}
