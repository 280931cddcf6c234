/** @file What a side of a comparison is called where there is little room: of another run's checkpoint, run and checkpoint. */

/** `run:step-000100` of `/home/ada/runs/run:step-000100`. */
export function shortName(side: string): string {
  return side.split(/[\\/]/).at(-1) ?? side;
}
