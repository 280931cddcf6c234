/**
 * @file The checkpoint whose rewrites the window shows: picked in the status bar, remembered for the workspace. Nothing is
 * rewritten before somebody picked one.
 */
import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { UserError } from '../base/errors.ts';
import { listRun } from '../runs/reader.ts';
import type { CheckpointEntry } from '../runs/records.ts';
import { mayHoldQueries } from './query-file.ts';
import type { NamedCheckpoint } from './rewrites.ts';
import { runName, type Runs } from './runs.ts';

const MEMENTO = 'rec-r1.checkpoint';

/** What is remembered; without a name the run's newest is meant, whichever that is by then. */
interface Chosen {
  readonly runDir: string;
  readonly checkpoint?: string;
}

export class CheckpointInUse implements vscode.Disposable {
  readonly #state: vscode.Memento;
  readonly #runs: Runs;
  readonly #item = vscode.window.createStatusBarItem('rec-r1.checkpoint', vscode.StatusBarAlignment.Left);
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #offered = new vscode.EventEmitter<NamedCheckpoint>();
  readonly #subscriptions: readonly { dispose(): unknown }[];
  /** Null until somebody wants to know: the run is not opened before. */
  #current: NamedCheckpoint | undefined | null = null;

  constructor({ workspaceState }: vscode.ExtensionContext, runs: Runs) {
    this.#state = workspaceState;
    this.#runs = runs;
    this.#item.name = vscode.l10n.t('Rec-R1 Checkpoint');
    this.#item.command = 'rec-r1.chooseCheckpoint';
    this.#subscriptions = [
      this.#item,
      this.#changed,
      this.#offered,
      runs.onDidChange(() => {
        if (this.#current !== null) this.#update();
      }),
      vscode.window.onDidChangeActiveTextEditor(() => {
        this.#show();
      }),
    ];
    this.#show();
  }

  /** Another checkpoint is in use, or none. */
  readonly onDidChange = this.#changed.event;
  /** A person has begun to choose; the one that they most likely take. */
  readonly onDidOffer = this.#offered.event;

  get current(): NamedCheckpoint | undefined {
    if (this.#current === null) this.#current = resolved(this.#chosen);
    return this.#current;
  }

  /** Whether there may be one to choose: somebody has trained here. */
  get isOffered(): boolean {
    return existsSync(this.#runs.folder());
  }

  /** The checkpoint in use; asks for one when there is none. Undefined when nobody picks any. */
  async orAsk(): Promise<NamedCheckpoint | undefined> {
    return this.current ?? (await this.choose());
  }

  /** Lets a person pick. @throws UserError when no run has a checkpoint. */
  async choose(): Promise<NamedCheckpoint | undefined> {
    const title = vscode.l10n.t('Checkpoint for Rewrites');
    const placeHolder = vscode.l10n.t('Which checkpoint rewrites queries in this workspace?');
    const choices = this.#choices();
    const likely = this.current ?? resolved(choices.find(({ chosen }) => chosen)?.chosen);
    if (likely) this.#offered.fire(likely);
    const picked = await vscode.window.showQuickPick(choices, { title, placeHolder, matchOnDescription: true });
    if (picked) await this.use(picked.chosen);
    return this.current;
  }

  async use(chosen: Chosen | undefined): Promise<void> {
    await this.#state.update(MEMENTO, chosen);
    this.#update();
  }

  dispose(): void {
    vscode.Disposable.from(...this.#subscriptions).dispose();
  }

  #choices(): (vscode.QuickPickItem & { readonly chosen: Chosen | undefined })[] {
    const choices = this.#runs.list().flatMap((listing) => {
      if (listing.kind !== 'run' || listing.checkpoints.length === 0) return [];
      return choicesOf(listing.info.name, listing.info.dir, listing.checkpoints);
    });
    if (choices.length === 0) {
      throw new UserError(
        vscode.l10n.t('No run in {0} has a checkpoint yet; start a training first.', this.#runs.folder()),
      );
    }
    const none = { label: vscode.l10n.t('None'), description: vscode.l10n.t('show no rewrites'), chosen: undefined };
    return this.#chosen ? [...choices, none] : choices;
  }

  get #chosen(): Chosen | undefined {
    return this.#state.get<Chosen>(MEMENTO);
  }

  #update(): void {
    const before = this.#current;
    const now = resolved(this.#chosen);
    this.#current = now;
    this.#show();
    if (before?.runDir !== now?.runDir || before?.checkpoint !== now?.checkpoint) this.#changed.fire();
  }

  /** Where none is in use, it is offered beside files of queries. */
  #show(): void {
    const chosen = this.#chosen;
    const path = vscode.window.activeTextEditor?.document.uri.path;
    if (!chosen && !(path !== undefined && mayHoldQueries(path) && this.isOffered)) {
      this.#item.hide();
      return;
    }
    const name = this.#current?.checkpoint ?? chosen?.checkpoint ?? vscode.l10n.t('newest');
    this.#item.text = `$(sparkle) ${chosen ? name : vscode.l10n.t('No checkpoint')}`;
    this.#item.tooltip = chosen
      ? vscode.l10n.t('Rewrites in files of queries come from {0} of {1}.', name, runName(chosen.runDir))
      : vscode.l10n.t('Choose the checkpoint that rewrites the queries of this file.');
    this.#item.accessibilityInformation = { label: `Rec-R1: ${this.#item.tooltip}`, role: 'button' };
    this.#item.show();
  }
}

function choicesOf(
  name: string,
  runDir: string,
  checkpoints: readonly CheckpointEntry[],
): (vscode.QuickPickItem & { readonly chosen: Chosen | undefined })[] {
  const named = checkpoints.toReversed().map((checkpoint) => ({
    label: checkpoint.name,
    description: checkpoint.step === 0 ? vscode.l10n.t('{0}, start policy', name) : name,
    chosen: { runDir, checkpoint: checkpoint.name },
  }));
  return [
    { label: name, kind: vscode.QuickPickItemKind.Separator, chosen: undefined },
    { label: vscode.l10n.t('Newest'), description: vscode.l10n.t('{0}, whichever that is', name), chosen: { runDir } },
    ...named,
  ];
}

/** The checkpoint that is meant, if its run can be read and still has it. */
function resolved(chosen: Chosen | undefined): NamedCheckpoint | undefined {
  if (!chosen || !existsSync(chosen.runDir)) return undefined;
  const { runDir, checkpoint } = chosen;
  const listing = listRun(runDir);
  const checkpoints = listing.kind === 'run' ? listing.checkpoints : [];
  const found = checkpoint === undefined ? checkpoints.at(-1) : checkpoints.find(({ name }) => name === checkpoint);
  return found && { runDir, checkpoint: found.name };
}
