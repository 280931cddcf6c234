/** @file Where else a run's metrics go while it trains: the files that its configuration names. */
import { basename, join, resolve } from 'node:path';
import type { RunEvent } from '../runs/events.ts';
import { eventFile, jsonLinesFile, type MetricFile, refuseTaken } from '../runs/metric-files.ts';
import { openRunReader } from '../runs/reader.ts';
import { scalarRow, scalarRows } from '../runs/scalars.ts';
import type { RunConfig } from './config.ts';

/** @throws UserError when the files of a new run belong to another. */
export function refuseTakenSinks(runDir: string, config: RunConfig): void {
  refuseTaken(filesOf(runDir, config));
}

/** Brings the files up to the run's record; what is then given is written after it. */
export function openSinks(runDir: string, config: RunConfig): (event: RunEvent) => void {
  const { jsonLines, eventDir } = filesOf(runDir, config);
  const naming = config['sink.names'];
  if (jsonLines === undefined && eventDir === undefined) return () => undefined;
  const reader = openRunReader(runDir);
  const rows = scalarRows(reader.eventsAfter(0), naming);
  reader.close();
  const files: MetricFile[] = [];
  if (jsonLines !== undefined) files.push(jsonLinesFile(jsonLines, rows));
  if (eventDir !== undefined) files.push(eventFile(eventDir, rows, Date.now()));
  return (event) => {
    if (event.kind === 'state') return;
    const row = scalarRow(event, Date.now(), naming);
    if (row) for (const file of files) file.append(row);
  };
}

/** Runs may share a folder of TensorBoard, with a folder for each. */
function filesOf(runDir: string, config: RunConfig): { readonly jsonLines?: string; readonly eventDir?: string } {
  const { 'sink.jsonl': jsonLines, 'sink.tensorboard': eventDir } = config;
  return {
    ...(jsonLines !== '' && { jsonLines: resolve(jsonLines) }),
    ...(eventDir !== '' && { eventDir: join(resolve(eventDir), basename(resolve(runDir))) }),
  };
}
