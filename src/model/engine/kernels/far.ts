// Values in half precision that lie outside this memory, which ends at 4 GiB; far-memory.ts has them.

import { halfAt } from './half';

/** Copies `count` halves, from number `first` of the array at a far address on, to an address here. */
// @ts-ignore: decorator
@external('env', 'fetchHalves')
export declare function fetchHalves(far: usize, first: i32, count: i32, to: usize): void;

/** The other way: `count` halves that lie here, to number `first` of the array on. */
// @ts-ignore: decorator
@external('env', 'storeHalves')
export declare function storeHalves(far: usize, first: i32, count: i32, from: usize): void;

/** Values [first, last) of a far array, to where the array is to be. */
export function bringNear(first: i32, last: i32, far: usize, to: usize): void {
  fetchHalves(far, first, last - first, halfAt(to, first));
}
