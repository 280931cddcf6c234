/**
 * @file Every command: a row here and a file of its own beside. Each is imported when it is called, so that a search loads
 * no tensor code.
 */
import type { Command } from './command.ts';

export interface CommandRow {
  /** For the overall help; one line. */
  readonly summary: string;
  load(): Promise<Command>;
}

export const COMMANDS: Readonly<Record<string, CommandRow>> = {
  train: {
    summary: 'Train a policy on a task',
    load: async () => (await import('./train.ts')).trainCommand,
  },
  tune: {
    summary: 'Tune a policy on pairs instead: SFT, rejection sampling, DPO',
    load: async () => (await import('./tune.ts')).tuneCommand,
  },
  resume: {
    summary: 'Continue a run from its newest checkpoint',
    load: async () => (await import('./resume.ts')).resumeCommand,
  },
  evaluate: {
    summary: 'Evaluate a checkpoint on a split',
    load: async () => (await import('./evaluate.ts')).evaluateCommand,
  },
  compare: {
    summary: 'Compare two checkpoints on the same queries',
    load: async () => (await import('./compare.ts')).compareCommand,
  },
  retention: {
    summary: 'Say what a checkpoint still knows beside its task',
    load: async () => (await import('./retention.ts')).retentionCommand,
  },
  rewrite: {
    summary: 'Rewrite a query with a checkpoint',
    load: async () => (await import('./rewrite.ts')).rewriteCommand,
  },
  test: {
    summary: 'Check that queries still find what they must',
    load: async () => (await import('./test.ts')).testCommand,
  },
  export: {
    summary: 'Write a checkpoint for transformers, PEFT or llama.cpp',
    load: async () => (await import('./export.ts')).exportCommand,
  },
  import: {
    summary: 'Turn a data set into a task folder',
    load: async () => (await import('./import.ts')).importCommand,
  },
  candidates: {
    summary: 'Make a re-ranking task of a search task',
    load: async () => (await import('./candidates.ts')).candidatesCommand,
  },
  index: {
    summary: 'Build a search index of a corpus',
    load: async () => (await import('./index.ts')).indexCommand,
  },
  search: {
    summary: 'Search an index',
    load: async () => (await import('./search.ts')).searchCommand,
  },
  score: {
    summary: 'Score stored answers of a model on a task',
    load: async () => (await import('./score.ts')).scoreCommand,
  },
  measure: {
    summary: 'Measure stored rankings',
    load: async () => (await import('./measure.ts')).measureCommand,
  },
  runs: {
    summary: 'List runs, or pause, continue and stop one',
    load: async () => (await import('./runs.ts')).runsCommand,
  },
  metrics: {
    summary: 'Print the metrics of a run, or write them for TensorBoard',
    load: async () => (await import('./metrics.ts')).metricsCommand,
  },
  'install-backend': {
    summary: 'Install a native tensor engine',
    load: async () => (await import('./install-backend.ts')).installBackendCommand,
  },
  doctor: {
    summary: 'Say what this machine offers',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
};
