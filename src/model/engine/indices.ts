/**
 * @file What is to be known of the whole numbers that tell a kernel where to read or write: it would do so wherever a wrong
 * one points. Tensors do not change, so each is looked at once; looking waits for all kernels before.
 */
import type { DataId, TensorInfo } from '@tensorflow/tfjs-core';
import type { EmbeddedBackend } from './embedded-backend.ts';

export interface Range {
  /** 0 of an empty tensor, as the other. */
  readonly least: number;
  readonly greatest: number;
}

const ranges = new WeakMap<DataId, Range>();
/** How long the rows were when what their positions see was found to be right. */
const checkedTimes = new WeakMap<DataId, number>();

/** The range of an int32 tensor's values. */
export function rangeOf(backend: EmbeddedBackend, tensor: TensorInfo): Range {
  let range = ranges.get(tensor.dataId);
  if (!range) ranges.set(tensor.dataId, (range = measure(backend.data.get(tensor.dataId).values as Int32Array)));
  return range;
}

function measure(values: Int32Array): Range {
  if (values.length === 0) return { least: 0, greatest: 0 };
  let [least, greatest] = [values[0], values[0]];
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return { least, greatest };
}

/** @throws RangeError unless the starts [batch, time] of what each position sees rise along a row, up to the position itself. */
export function checkStarts(backend: EmbeddedBackend, starts: TensorInfo): void {
  const [, time] = starts.shape;
  if (checkedTimes.get(starts.dataId) === time) return;
  const values = backend.data.get(starts.dataId).values as Int32Array;
  for (let i = 0; i < values.length; i++) {
    const start = values[i];
    const position = i % time;
    if (start < (position === 0 ? 0 : values[i - 1]) || start > position) {
      throw new RangeError(`position ${position} cannot see from ${start} on`);
    }
  }
  checkedTimes.set(starts.dataId, time);
}
