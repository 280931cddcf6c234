/** @file Token traces as bytes of the run's database: pieces as lengths, for the text is there already. */
import type { TokenTrace } from './events.ts';

/** As in the table `token_traces`. */
export interface TraceRow {
  readonly lengths: Uint8Array;
  readonly logProbs: Uint8Array;
  readonly reference: Uint8Array | null;
}

export function packTrace({ pieces, logProbs, reference }: TokenTrace): TraceRow {
  const lengths = new DataView(new ArrayBuffer(pieces.length * 2));
  for (const [i, { length }] of pieces.entries()) lengths.setUint16(i * 2, length, true);
  return {
    lengths: new Uint8Array(lengths.buffer),
    logProbs: packFloats(logProbs),
    reference: reference ? packFloats(reference) : null,
  };
}

export function unpackTrace({ lengths, logProbs, reference }: TraceRow, text: string): TokenTrace {
  const view = viewOf(lengths);
  let start = 0;
  const pieces = Array.from({ length: lengths.length / 2 }, (_, i) =>
    text.slice(start, (start += view.getUint16(i * 2, true))),
  );
  return { pieces, logProbs: unpackFloats(logProbs), ...(reference && { reference: unpackFloats(reference) }) };
}

function packFloats(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (const [i, value] of values.entries()) view.setFloat32(i * 4, value, true);
  return new Uint8Array(view.buffer);
}

function unpackFloats(bytes: Uint8Array): number[] {
  const view = viewOf(bytes);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(i * 4, true));
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
