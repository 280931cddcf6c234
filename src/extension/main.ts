/**
 * @file The extension's entry. Nothing is read, polled or started here: the run store, the views' content and every process
 * come with the first use, so that activation costs a few milliseconds.
 */
import * as vscode from 'vscode';
import { registerAssistantTools } from './assistant-tools.ts';
import { registerCommands } from './commands.ts';
import { registerConfigurationFiles } from './configuration-files.ts';
import { CheckpointInUse } from './checkpoint-in-use.ts';
import { Dashboards } from './dashboards.ts';
import { DataView } from './data-view.ts';
import { InlineRewrites } from './inline-rewrites.ts';
import { provideRankings } from './ranking-documents.ts';
import { offerRegressionTests } from './regression-tests.ts';
import { Rewrites } from './rewrites.ts';
import { Playground } from './playground.ts';
import { Runs } from './runs.ts';
import { RunsView } from './runs-view.ts';
import { statisticsInThread } from './statistics.ts';
import { StatusBar } from './status-bar.ts';
import { Training } from './training.ts';
import { announceTrouble } from './trouble.ts';
import { createQuestionWorker } from './worker.ts';

export function activate(context: vscode.ExtensionContext): void {
  const output = vscode.window.createOutputChannel('Rec-R1', { log: true });
  const runs = new Runs(context, output);
  const worker = createQuestionWorker(context, output);
  const quick = createQuestionWorker(context, output); // a comparison takes minutes, and a rewrite must not wait for it
  const statisticsOf = statisticsInThread(context.extensionPath);
  const training = new Training(context, runs);
  const dashboards = new Dashboards(context, { output, runs, training, worker, quick, statisticsOf });
  const view = new RunsView(runs);
  const data = new DataView();
  const statusBar = new StatusBar(runs);
  context.subscriptions.push(output, runs, worker, dashboards, view, data, statusBar, announceTrouble(runs));
  context.subscriptions.push(registerConfigurationFiles(), provideRankings());
  const rewrites = new Rewrites((ask, signal) => quick.ask('rewrite', ask, signal));
  const inUse = new CheckpointInUse(context, runs);
  const inline = new InlineRewrites(rewrites, inUse, output);
  const tests = offerRegressionTests({ inUse, worker: quick, output });
  const playground = new Playground(context, { output, runs, rewrites });
  context.subscriptions.push(quick, inUse, inline, tests, playground);
  context.subscriptions.push(registerAssistantTools({ runs, inUse, rewrites, worker, statisticsOf }));
  registerCommands({ context, runs, training, dashboards, playground, data, worker, output, inUse, inline });
}
