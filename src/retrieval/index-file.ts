/**
 * @file Postings as one file: written whole or not at all, loaded in one read, checked before a byte of it is believed.
 *
 * Layout: 8 bytes magic, 4 bytes format version, 4 bytes header length (little-endian), the header as JSON, then its sections
 * one after the other, then the SHA-256 of all before. A posting is the distance to the document before, doubled, plus one
 * when the frequency is 1; any other frequency follows. Positions, when the index has them, are as in memory, with the bytes
 * of each term counted apart. k1 and b are not in the file: one index serves all.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { UserError } from '../base/errors.ts';
import { ANALYZER } from './analyzer.ts';
import type { Postings } from './postings.ts';
import { VarintReader, VarintWriter } from './varint.ts';

const MAGIC = 'RECR1IDX';
const VERSION = 2;
const PREFIX_BYTES = 16;
const CHECKSUM_BYTES = 32;

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
    ids: Buffer.from(postings.ids.map((id) => `${JSON.stringify(id)}\n`).join('')),
    terms: Buffer.from(Array.from(postings.terms.keys(), (term) => `${term}\n`).join('')),
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
  prefix.writeUInt32LE(VERSION, 8);
  prefix.writeUInt32LE(headerBytes.length, 12);
  const body = Buffer.concat([prefix, headerBytes, ...SECTIONS.map((name) => sections[name])]);
  await writeFileAtomic(path, Buffer.concat([body, createHash('sha256').update(body).digest()]));
}

/**
 * Reads an index file.
 *
 * @throws UserError when there is none, when it is another kind of file, of another version or analysis, or damaged.
 */
export async function readIndexFile(path: string): Promise<{ postings: Postings; source: IndexSource }> {
  const bytes = await readBytes(path);
  const body = checkedBody(bytes, path);
  const headerEnd = PREFIX_BYTES + bytes.readUInt32LE(12);
  const header = JSON.parse(body.toString('utf8', PREFIX_BYTES, headerEnd)) as Header;
  if (header.analyzer !== ANALYZER) {
    throw new UserError(
      `${path} was made with the text analysis ${header.analyzer}, and this version uses ${ANALYZER}; build it again with rec-r1 index.`,
    );
  }
  const sections = cutSections(body, headerEnd, header.sectionBytes);
  const ids = lines(sections.ids).map((line) => JSON.parse(line) as string);
  const terms = new Map(lines(sections.terms).map((term, number) => [term, number]));
  const { documentCount, wordCount } = header;
  const decoded = decodePostings(sections.postings, header);
  const postings = { ids, terms, ...decoded, lengths: sections.lengths, documentCount, wordCount };
  if (!header.positions) return { source: header.source, postings };
  const positions = { bytes: sections.positions, starts: decodeSizes(sections.positionSizes, header.terms) };
  return { source: header.source, postings: { ...postings, positions } };
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new UserError(`There is no index at ${path}; build one with rec-r1 index.`);
  }
}

/** The file without its checksum, once magic, version and checksum are right. */
function checkedBody(bytes: Buffer, path: string): Buffer {
  if (bytes.length < PREFIX_BYTES || bytes.toString('latin1', 0, 8) !== MAGIC) {
    throw new UserError(`${path} is not an index of rec-r1; build one with rec-r1 index.`);
  }
  const version = bytes.readUInt32LE(8);
  if (version !== VERSION) {
    throw new UserError(
      `${path} has format ${version}, and this version reads ${VERSION}; build it again with rec-r1 index.`,
    );
  }
  const body = bytes.subarray(0, -CHECKSUM_BYTES);
  if (!createHash('sha256').update(body).digest().equals(bytes.subarray(-CHECKSUM_BYTES))) {
    throw new UserError(
      `${path} is damaged or cut short (its checksum does not fit); build it again with rec-r1 index.`,
    );
  }
  return body;
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

function lines(bytes: Uint8Array): string[] {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8').split('\n').slice(0, -1);
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
  const offsets = new Uint32Array(header.terms + 1);
  const documents = new Uint32Array(header.postings);
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
