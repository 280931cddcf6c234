/**
 * @file Parquet files row by row, one page of each column at a time.
 *
 * hyparquet reads whole row groups, and pandas writes a table of two million products as a single one. Its page decoder is
 * used here instead (from the modules that it exports beside its entry), so that memory holds some pages of a megabyte
 * whatever the groups are. Only plain columns are read: no lists, no structs. The library is loaded at the first file.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { FileMetaData, RowGroup, SchemaTree } from 'hyparquet';
import { messageOf, UserError } from '../base/errors.ts';
import type { Row } from '../base/json-lines.ts';
import { readingError } from '../base/lines.ts';

type Library = typeof import('hyparquet') &
  typeof import('hyparquet/src/column.js') &
  typeof import('hyparquet/src/convert.js') &
  Pick<typeof import('hyparquet-compressors'), 'compressors'>;

/** The rows of a file with these columns, or with all that are plain. A missing value is null. */
export async function* readParquet(path: string, columns?: readonly string[]): AsyncGenerator<Row> {
  const file = await openParquet(path);
  try {
    const library = await loadLibrary();
    const metadata = await readMetadata(path, file, library);
    const schema = library.parquetSchema(metadata);
    const names = columns ?? schema.children.filter(isPlain).map(({ element }) => element.name);
    for (const name of names) requirePlainColumn(path, schema, name);
    let number = 0;
    for (const group of metadata.row_groups) {
      for await (const value of groupRows({ path, file, library, schema, group }, names)) {
        number++;
        yield { value, where: `${path}, row ${number}` };
      }
    }
  } finally {
    await file.close();
  }
}

async function loadLibrary(): Promise<Library> {
  const [metadata, column, convert, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet/src/column.js'),
    import('hyparquet/src/convert.js'),
    import('hyparquet-compressors'),
  ]);
  return { ...metadata, ...column, ...convert, compressors };
}

const MAGIC = 'PAR1';

/** Opens a file that begins and ends as parquet does. */
async function openParquet(path: string): Promise<FileHandle> {
  const file = await open(path).catch((error: unknown) => {
    throw readingError(path, error);
  });
  try {
    const { size } = await file.stat();
    const head = Buffer.from(await readBytes(path, file, 0, Math.min(size, 24))).toString('latin1');
    if (head.startsWith('version https://git-lfs')) {
      throw new UserError(`${path} is a pointer of Git LFS, not the file itself; fetch it with git lfs pull.`);
    }
    if (!head.startsWith(MAGIC)) {
      throw new UserError(`${path} is no parquet file: it begins with ${JSON.stringify(head.slice(0, 12))}.`);
    }
    const tail = Buffer.from(await readBytes(path, file, size - 4, 4)).toString('latin1');
    if (size < 12 || tail !== MAGIC) throw new UserError(`${path} is cut short: its end is missing; copy it again.`);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readBytes(path: string, file: FileHandle, start: number, length: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, start + filled).catch((error: unknown) => {
      throw readingError(path, error);
    });
    if (bytesRead === 0) throw new UserError(`${path} is cut short; copy it again.`);
    filled += bytesRead;
  }
  return bytes.buffer;
}

async function readMetadata(path: string, file: FileHandle, library: Library): Promise<FileMetaData> {
  const { size } = await file.stat();
  const slice = (start: number, end = size): Promise<ArrayBuffer> => readBytes(path, file, start, end - start);
  try {
    return await library.parquetMetadataAsync({ byteLength: size, slice });
  } catch (error) {
    throw undecodable(path, error);
  }
}

function undecodable(path: string, error: unknown): unknown {
  if (error instanceof UserError) return error;
  return new UserError(`${path} cannot be decoded (${messageOf(error)}); it is damaged: copy it again.`);
}

function isPlain({ children, element }: SchemaTree): boolean {
  return children.length === 0 && element.repetition_type !== 'REPEATED';
}

function requirePlainColumn(path: string, { children }: SchemaTree, name: string): void {
  const column = children.find(({ element }) => element.name === name);
  if (!column) {
    const names = children.map(({ element }) => element.name).join(', ');
    throw new UserError(`${path} has no column "${name}"; it has ${names}.`);
  }
  if (!isPlain(column)) throw new UserError(`${path}: the column "${name}" is a list or a struct, which is not read.`);
}

/** A row group of a file. */
interface Group {
  readonly path: string;
  readonly file: FileHandle;
  readonly library: Library;
  readonly schema: SchemaTree;
  readonly group: RowGroup;
}

/** The rows of a group; at a time as many as all columns have decoded. */
async function* groupRows(group: Group, names: readonly string[]): AsyncGenerator<Row['value']> {
  const columns = names.map((name) => new ColumnPages(group, name));
  for (let left = Number(group.group.num_rows); left > 0;) {
    const decoded = await Promise.all(columns.map((column) => column.decoded()));
    const count = Math.min(left, ...decoded);
    for (let i = 0; i < count; i++) {
      const row: Record<string, unknown> = {};
      for (const column of columns) row[column.name] = column.take();
      yield row;
    }
    left -= count;
  }
}

/** The values of one column of a row group, page after page. */
class ColumnPages {
  readonly name: string;
  readonly #group: Group;
  readonly #decoder: Parameters<Library['readPage']>[2];
  readonly #end: number;
  #offset: number;
  #dictionary: ReturnType<Library['convert']> | undefined;
  #page: ArrayLike<unknown> = [];
  #taken = 0;

  constructor(group: Group, name: string) {
    this.name = name;
    this.#group = group;
    const column = group.group.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name)?.meta_data;
    const leaf = group.schema.children.find(({ element }) => element.name === name);
    if (!column || !leaf) throw new UserError(`${group.path} has a row group without "${name}"; it is damaged.`);
    this.#offset = Number(column.dictionary_page_offset ?? column.data_page_offset);
    this.#end = this.#offset + Number(column.total_compressed_size);
    this.#decoder = {
      ...column,
      pathInSchema: [name],
      element: leaf.element,
      schemaPath: [group.schema, leaf],
      parsers: { ...group.library.DEFAULT_PARSERS, stringFromBytes: decodeText },
      compressors: group.library.compressors,
    };
  }

  /** How many values can be taken; decodes a page when there is none. */
  async decoded(): Promise<number> {
    while (this.#taken === this.#page.length) {
      if (this.#offset >= this.#end) {
        throw new UserError(`${this.#group.path}: the column "${this.name}" has too few values; the file is damaged.`);
      }
      this.#page = await this.#nextPage();
      this.#taken = 0;
    }
    return this.#page.length - this.#taken;
  }

  take(): unknown {
    return plainValue(this.#page[this.#taken++]);
  }

  /** The values of the next page; none when it is the dictionary, which is kept for the pages that follow. */
  async #nextPage(): Promise<ArrayLike<unknown>> {
    const { path, file, library } = this.#group;
    const head = await readBytes(path, file, this.#offset, Math.min(MAX_HEADER_BYTES, this.#end - this.#offset));
    const reader = { view: new DataView(head), offset: 0 };
    try {
      const header = library.parquetHeader(reader);
      const start = this.#offset + reader.offset;
      const body = await readBytes(path, file, start, header.compressed_page_size);
      this.#offset = start + header.compressed_page_size;
      const page = { view: new DataView(body), offset: 0 };
      const { data = [] } = library.readPage(page, header, this.#decoder, this.#dictionary, undefined, 0);
      if (header.type !== 'DICTIONARY_PAGE') return data;
      this.#dictionary = library.convert(data, this.#decoder);
      return [];
    } catch (error) {
      throw undecodable(path, error);
    }
  }
}

/** The largest header of a page: it may hold the smallest and the largest value, which writers cut. */
const MAX_HEADER_BYTES = 1 << 16;

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function decodeText(bytes: Uint8Array | undefined): string | undefined {
  return bytes && UTF8.decode(bytes);
}

/** Whole numbers are numbers where they are safe, times are ISO 8601. */
function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return value.toISOString();
  return value ?? null;
}
