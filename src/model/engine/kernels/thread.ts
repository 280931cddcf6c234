// Which thread of the pool runs this instance: every thread has its own instance over the one shared memory.

let index: i32 = 0;

export function setThread(thread: i32): void {
  index = thread;
}

/** This thread's part of a scratch area that has `stride` bytes for each thread. */
// @ts-ignore: decorator
@inline
export function scratchOf(scratch: usize, stride: usize): usize {
  return scratch + <usize>index * stride;
}
