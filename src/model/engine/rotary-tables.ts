/**
 * @file Cosines and sines of positions, kept in the shared memory for each set of inverse frequencies in use.
 */
import type { Rotation } from '../rope.ts';
import type { EmbeddedBackend } from './embedded-backend.ts';

export interface RotaryTables {
  /** Address of the cosines [length, E/2]. */
  readonly cos: number;
  /** Address of the sines [length, E/2]. */
  readonly sin: number;
  readonly scale: number;
  /** Positions they cover. */
  readonly length: number;
}

const tablesOf = new WeakMap<EmbeddedBackend, Map<readonly number[], RotaryTables>>();

/** Tables that cover positions up to the last. Shorter ones made before stay, since a decoder may be reading them. */
export function rotaryTables(backend: EmbeddedBackend, { frequencies, scale }: Rotation, last: number): RotaryTables {
  let tables = tablesOf.get(backend);
  if (!tables) tablesOf.set(backend, (tables = new Map<readonly number[], RotaryTables>()));
  let table = tables.get(frequencies);
  if (!table || table.length <= last || table.scale !== scale) {
    table = build(backend, frequencies, scale, 2 ** Math.ceil(Math.log2(Math.max(256, last + 1))));
    tables.set(frequencies, table);
  }
  return table;
}

/** Angles are rounded to float32, as the reference implementations round them. */
function build(backend: EmbeddedBackend, frequencies: readonly number[], scale: number, length: number): RotaryTables {
  const size = length * frequencies.length;
  const cos = backend.shared.heap.allocate(size * 8);
  const sin = cos + size * 4;
  const values = backend.shared.floats(cos, size * 2);
  for (let i = 0; i < size; i++) {
    const angle = Math.fround(Math.floor(i / frequencies.length) * frequencies[i % frequencies.length]);
    values[i] = Math.cos(angle) * scale;
    values[size + i] = Math.sin(angle) * scale;
  }
  return { cos, sin, scale, length };
}
