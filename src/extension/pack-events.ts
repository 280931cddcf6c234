/** @file Events as a panel is told them: the metrics of all steps as columns, which halves the text of a long run. */
import type { PackedEvents } from '../../webview/protocol.ts';
import type { RecordedEvent } from '../runs/records.ts';

export function packed(events: readonly RecordedEvent[]): PackedEvents {
  const steps = events.filter((event) => event.kind === 'step');
  const names = new Set(steps.flatMap(({ metrics }) => Object.keys(metrics)));
  const column = (name: string): (number | null)[] =>
    steps.map(({ metrics }) => (Object.hasOwn(metrics, name) ? metrics[name] : null));
  return {
    events: events.map((event) => (event.kind === 'step' ? { ...event, metrics: {} } : event)),
    columns: Object.fromEntries([...names].map((name) => [name, column(name)])),
  };
}
