/** @file The configuration of a run, from its folder. */
import { openRunReader } from '../runs/reader.ts';
import { configFrom, type RunConfig } from './config.ts';

/** The configuration that a run was started with. */
export function storedConfig(runDir: string): RunConfig {
  const reader = openRunReader(runDir);
  try {
    return configFrom(reader.info().config, runDir);
  } finally {
    reader.close();
  }
}
