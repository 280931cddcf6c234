/** @file How much memory there is for this process: the machine's, or what a container was given of it. */
import { totalmem } from 'node:os';

/**
 * In bytes.
 *
 * @param machine what the machine has.
 * @param allowed what a control group allows; without one the platform says 0 or more than any machine has.
 */
export function memoryBytes(machine = totalmem(), allowed = process.constrainedMemory()): number {
  return allowed === 0 ? machine : Math.min(machine, allowed);
}
