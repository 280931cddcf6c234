/**
 * @file Writes the innermost loop of the matrix product: a tile of rows × (4·vectors) results held in registers.
 *
 * AssemblyScript has no arrays of locals, so the unrolled text is generated, one per variant. What the text must keep:
 * each broadcast of the left operand stands next to its uses (16 registers do not hold six of them at once); setting and
 * adding are two functions without a branch, and the wide tile's loop tests at its end (V8 fuses neighbouring vectors
 * into 256 bits only then).
 */

export interface TileShape {
  /** MR */
  readonly rows: number;
  /** NR / 4 */
  readonly vectors: number;
  /** The loop's test stands at its end. */
  readonly testsAtEnd: boolean;
}

/**
 * The AssemblyScript module `tile`: MR, NR, tileSet (C = A·B) and tileAdd (C = A·B + C) over packed operands; rowsSet and
 * rowsAdd do the same, to the same bits, with the left operand where it lies, its rows `lda` apart and its steps adjacent,
 * and for 1 to MR rows.
 */
export function tileSource(shape: TileShape): string {
  const zero = (): string => 'i32x4(0, 0, 0, 0)';
  const old = (row: number, vector: number): string => `v128.load(q${row}, ${16 * vector})`;
  const counts = range(shape.rows).map((r) => r + 1);
  return [
    `import { madd } from './math';`,
    `export const MR: i32 = ${shape.rows}, NR: i32 = ${shape.vectors * 4};`,
    tileFunction(shape, 'tileSet', zero),
    tileFunction(shape, 'tileAdd', old),
    ...counts.map((rows) => rowsFunction({ ...shape, rows }, `rowsSet${rows}`, zero)),
    ...counts.map((rows) => rowsFunction({ ...shape, rows }, `rowsAdd${rows}`, old)),
    choiceOfRows(shape, 'rowsSet'),
    choiceOfRows(shape, 'rowsAdd'),
  ].join('\n');
}

function choiceOfRows({ rows }: TileShape, name: string): string {
  return [
    `export function ${name}(rows: i32, depth: i32, a: usize, lda: i32, b: usize, c: usize, ldc: i32): void {`,
    `switch (rows) {`,
    ...range(rows).map((r) => `case ${r + 1}: ${name}${r + 1}(depth, a, lda, b, c, ldc); break;`),
    `}`,
    `}`,
  ].join('\n');
}

function tileFunction(shape: TileShape, name: string, initial: (row: number, vector: number) => string): string {
  const rows = range(shape.rows);
  const vectors = range(shape.vectors);
  const body = [
    ...vectors.map((v) => `const b${v} = v128.load(b, ${16 * v});`),
    ...rows.flatMap((r) => [
      `const a${r} = v128.load32_splat(a, ${4 * r});`,
      ...vectors.map((v) => `c${r}_${v} = madd(a${r}, b${v}, c${r}_${v});`),
    ]),
    `a += ${4 * shape.rows}; b += ${16 * shape.vectors};`,
  ].join('\n');
  return [
    `export function ${name}(depth: i32, a: usize, b: usize, c: usize, ldc: i32): void {`,
    `const q0 = c, next = (<usize>ldc) << 2;`,
    ...rows.slice(1).map((r) => `const q${r} = q${r - 1} + next;`),
    ...rows.flatMap((r) => vectors.map((v) => `let c${r}_${v}: v128 = ${initial(r, v)};`)),
    shape.testsAtEnd ? `do { ${body} } while (--depth);` : `for (let k: i32 = 0; k < depth; k++) { ${body} }`,
    ...rows.flatMap((r) => vectors.map((v) => `v128.store(q${r}, c${r}_${v}, ${16 * v});`)),
    `}`,
  ].join('\n');
}

function rowsFunction(shape: TileShape, name: string, initial: (row: number, vector: number) => string): string {
  const rows = range(shape.rows);
  const vectors = range(shape.vectors);
  const body = [
    ...vectors.map((v) => `const b${v} = v128.load(b, ${16 * v});`),
    ...rows.flatMap((r) => [
      `const a${r} = v128.load32_splat(p${r}); p${r} += 4;`,
      ...vectors.map((v) => `c${r}_${v} = madd(a${r}, b${v}, c${r}_${v});`),
    ]),
    `b += ${16 * shape.vectors};`,
  ].join('\n');
  return [
    `function ${name}(depth: i32, a: usize, lda: i32, b: usize, c: usize, ldc: i32): void {`,
    `const q0 = c, next = (<usize>ldc) << 2, apart = (<usize>lda) << 2;`,
    ...rows.slice(1).map((r) => `const q${r} = q${r - 1} + next;`),
    `let p0 = a;`,
    ...rows.slice(1).map((r) => `let p${r} = p${r - 1} + apart;`),
    ...rows.flatMap((r) => vectors.map((v) => `let c${r}_${v}: v128 = ${initial(r, v)};`)),
    shape.testsAtEnd ? `do { ${body} } while (--depth);` : `for (let k: i32 = 0; k < depth; k++) { ${body} }`,
    ...rows.flatMap((r) => vectors.map((v) => `v128.store(q${r}, c${r}_${v}, ${16 * v});`)),
    `}`,
  ].join('\n');
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
