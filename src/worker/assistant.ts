/**
 * @file Answers questions one after another: tensors are computed on one thread anyway, and a second model in memory would
 * only make both slower. A cancelled question that waits is dropped, one that runs ends at its next turn.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { compareArms } from '../app/compare.ts';
import { type Explainer, openExplainer } from '../app/explain.ts';
import { exportCheckpoint } from '../app/export.ts';
import { installBackend } from '../app/install-backend.ts';
import { checkRegression } from '../app/regressions.ts';
import { Rewriters } from '../app/rewriters.ts';
import { messageOf, UserError } from '../base/errors.ts';
import type { FromWorker, QuestionKind, Questions, ToWorker } from './protocol.ts';

type Question = Exclude<ToWorker, { readonly kind: 'cancel' }>;

/** Takes messages in any order; `reply` gets one answer or one error for each question. */
export function createAssistant(reply: (message: FromWorker) => void): (message: ToWorker) => void {
  const controllers = new Map<number, AbortController>();
  const opened = { rewriters: new Rewriters(), explainers: new LastExplainer() };
  let queue = Promise.resolve();

  const answer = async (question: Question, signal: AbortSignal): Promise<void> => {
    try {
      signal.throwIfAborted();
      reply({ id: question.id, kind: 'answer', answer: await answerOf(question, opened, signal) });
    } catch (error) {
      const byUser = error instanceof UserError || signal.aborted;
      reply({ id: question.id, kind: 'error', message: signal.aborted ? 'Cancelled.' : messageOf(error), byUser });
      if (!byUser) console.error(error); // the log keeps the stack
    } finally {
      controllers.delete(question.id);
    }
  };
  return (message) => {
    if (message.kind === 'cancel') {
      controllers.get(message.id)?.abort();
      return;
    }
    const controller = new AbortController();
    controllers.set(message.id, controller);
    queue = queue.then(() => answer(message, controller.signal));
  };
}

async function answerOf(
  question: Question,
  { rewriters, explainers }: { readonly rewriters: Rewriters; readonly explainers: LastExplainer },
  signal: AbortSignal,
): Promise<Questions[QuestionKind]['answer']> {
  const turn = async (): Promise<void> => {
    await nextTurn();
    signal.throwIfAborted();
  };
  switch (question.kind) {
    case 'compare':
      return compareArms(question.ask, turn);
    case 'explain':
      return (await explainers.open(question.ask.runDir)).explain(question.ask);
    case 'documents':
      return (await explainers.open(question.ask.runDir)).fieldsOf(question.ask.ids);
    case 'install-backend':
      return installBackend(question.ask.backend, { signal, report: console.log });
    case 'rewrite': {
      const { runDir, checkpoint, queries, sample } = question.ask;
      const rewriter = await rewriters.open(runDir, checkpoint);
      return rewriter.rewriteAll(queries, { turn, ...(sample !== undefined && { sample }) });
    }
    case 'export':
      return exportCheckpoint(question.ask);
    case 'regression': {
      const { runDir, checkpoint, test } = question.ask;
      return checkRegression(await rewriters.open(runDir, checkpoint), test);
    }
  }
}

/** Keeps the recommender of the run that was asked last. */
class LastExplainer {
  #runDir = '';
  #explainer: Explainer | undefined;

  async open(runDir: string): Promise<Explainer> {
    if (this.#explainer && runDir === this.#runDir) return this.#explainer;
    await this.#explainer?.dispose();
    this.#explainer = undefined;
    this.#explainer = await openExplainer(runDir);
    this.#runDir = runDir;
    return this.#explainer;
  }
}
