/**
 * @file What one may do to a training: start, pause, go on, stop. A live process is asked through the run folder, whoever
 * started it; where none is alive, going on starts one from the last checkpoint.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../base/errors.ts';
import { requestControl } from '../runs/control.ts';
import { openRunReader } from '../runs/reader.ts';
import type { CheckpointEntry, RunInfo } from '../runs/records.ts';
import { launchTraining, type TrainingOrder } from '../worker/launch.ts';
import { storedKeys } from './keys.ts';
import { stateName } from './language.ts';
import { isLive, type Runs } from './runs.ts';
import { runtime } from './settings.ts';

/** How a process of ours ended, for the panel that waits for its run. */
export interface TrainingEnded {
  readonly dir: string;
  /** Null after success. */
  readonly reason: string | null;
}

/** Settings of a run that differ from the defaults. */
export interface Configuration {
  readonly config: Readonly<Record<string, unknown>>;
  /** Where they are from, for messages. */
  readonly source: string;
}

export class Training {
  readonly #context: vscode.ExtensionContext;
  readonly #runs: Runs;
  readonly #ended = new vscode.EventEmitter<TrainingEnded>();
  readonly #starting = new Set<string>();

  constructor(context: vscode.ExtensionContext, runs: Runs) {
    this.#context = context;
    this.#runs = runs;
  }

  readonly onDidEnd = this.#ended.event;

  /** Whether a process that this window started is alive for the run. */
  isOurs(dir: string): boolean {
    return this.#starting.has(dir);
  }

  /** Starts a new run with a configuration and returns its folder; the run appears there a moment later. */
  async start({ config, source }: Configuration): Promise<string> {
    const runDir = this.#newRunDir();
    await this.#launch({ kind: 'train', runDir, config, source });
    return runDir;
  }

  /** @throws UserError when nothing trains there. */
  pause(dir: string): void {
    this.#ask(dir, 'pause');
  }

  /** Ends after the step in progress, with a checkpoint. @throws UserError when nothing trains there. */
  stop(dir: string): void {
    this.#ask(dir, 'stop');
  }

  /** Lets a paused process go on, or starts one from the last checkpoint; a finished run needs more steps first. */
  async resume(dir: string): Promise<void> {
    const info = infoOf(dir);
    if (info.state === 'running') throw new UserError(vscode.l10n.t('{0} is running already.', info.name));
    if (info.state === 'paused') {
      requestControl(dir, 'run');
      return;
    }
    if (info.state !== 'finished') {
      await this.#launch({ kind: 'resume', runDir: dir });
      return;
    }
    const steps = await askSteps({
      title: vscode.l10n.t('Train {0} for longer', info.name),
      prompt: vscode.l10n.t('It has finished its {0} steps. How many should it have in the end?', info.totalSteps),
      above: info.totalSteps,
      suggested: info.totalSteps * 2,
    });
    if (steps !== undefined) await this.#launch({ kind: 'resume', runDir: dir, steps });
  }

  /** Starts a new run that goes on from a checkpoint of another; undefined when the person does not say for how long. */
  async fork(dir: string, { name: checkpoint, step }: CheckpointEntry): Promise<string | undefined> {
    const { name, totalSteps } = infoOf(dir);
    const steps = await askSteps({
      title: vscode.l10n.t('Fork {0} from {1}', name, checkpoint),
      prompt: vscode.l10n.t(
        'A new run goes on after step {0} with the same settings. How many steps in the end?',
        step,
      ),
      above: step,
      suggested: totalSteps > step ? totalSteps : totalSteps * 2,
    });
    if (steps === undefined) return undefined;
    const runDir = this.#newRunDir();
    await this.#launch({ kind: 'fork', runDir, parent: { dir, checkpoint }, given: { steps } });
    return runDir;
  }

  #ask(dir: string, command: 'pause' | 'stop'): void {
    const info = infoOf(dir);
    if (!isLive(info)) {
      throw new UserError(vscode.l10n.t('{0} is not training now: it is {1}.', info.name, stateName(info.state)));
    }
    requestControl(dir, command);
  }

  async #launch(order: TrainingOrder): Promise<void> {
    const { runDir } = order;
    const { ended } = launchTraining(order, runtime(this.#context, await storedKeys(this.#context)));
    this.#starting.add(runDir);
    this.#runs.follow(runDir);
    void ended.then((reason) => {
      this.#starting.delete(runDir);
      this.#ended.fire({ dir: runDir, reason });
      this.#runs.refresh();
    });
  }

  /** Named by the time, as people look for runs. */
  #newRunDir(): string {
    const now = new Date();
    const pad = (value: number): string => String(value).padStart(2, '0');
    const day = `${now.getFullYear()}-${pad(now.getMonth() + 1)}-${pad(now.getDate())}`;
    const name = `${day}_${pad(now.getHours())}-${pad(now.getMinutes())}-${pad(now.getSeconds())}`;
    const folder = this.#runs.folder();
    let dir = join(folder, name);
    for (let i = 2; existsSync(dir); i++) dir = join(folder, `${name}-${i}`);
    return dir;
  }
}

export function infoOf(dir: string): RunInfo {
  const reader = openRunReader(dir);
  try {
    return reader.info();
  } finally {
    reader.close();
  }
}

interface StepsQuestion {
  readonly title: string;
  readonly prompt: string;
  readonly above: number;
  readonly suggested: number;
}

async function askSteps({ title, prompt, above, suggested }: StepsQuestion): Promise<number | undefined> {
  const answer = await vscode.window.showInputBox({
    title,
    prompt,
    value: String(suggested),
    validateInput: (text) => {
      const steps = Number(text);
      return Number.isInteger(steps) && steps > above ? undefined : vscode.l10n.t('A whole number above {0}.', above);
    },
  });
  return answer === undefined ? undefined : Number(answer);
}
