/** @file Says on standard error how far the encoding of documents is, for it can take minutes or hours. */
import { type EncodingProgress, encodingLine } from '../app/index-vectors.ts';
import type { Output } from './command.ts';

/** A line at most this often. */
const TELL_MILLIS = 5000;

export function encodingNotes(output: Output): (progress: EncodingProgress) => void {
  let toldAt = performance.now();
  return (progress) => {
    if (performance.now() - toldAt < TELL_MILLIS) return;
    toldAt = performance.now();
    output.note(encodingLine(progress));
  };
}
