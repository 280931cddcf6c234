/** @file Events from what the host sends of them. Pure. */
import type { PackedEvents, RecordedEvent } from './protocol.ts';

export function unpacked({ events, columns }: PackedEvents): readonly RecordedEvent[] {
  const names = Object.entries(columns);
  let place = 0;
  return events.map((event) => {
    if (event.kind !== 'step') return event;
    const metrics = Object.fromEntries(names.map(([name, values]) => [name, values[place] ?? NaN]));
    place++;
    return { ...event, metrics };
  });
}
