/** @file What happened between steps, in words and as signs over the curves. */
import { t } from './l10n.ts';
import type { Mark, MarkKind } from './run-history.ts';

interface MarkStyle {
  readonly sign: string;
  readonly title: string;
  /** Theme token of the sign. */
  readonly color: string;
  /** Rare and telling: a line through the curve. The others are a sign on the axis. */
  readonly line: boolean;
}

export const MARKS: Readonly<Record<MarkKind, MarkStyle>> = {
  evaluation: { sign: '○', title: t('Evaluation'), color: '--vscode-foreground', line: false },
  checkpoint: { sign: '◆', title: t('Checkpoint'), color: '--vscode-descriptionForeground', line: false },
  pause: { sign: '‖', title: t('Pause'), color: '--vscode-charts-yellow', line: true },
  resume: { sign: '▸', title: t('Resume'), color: '--vscode-charts-green', line: true },
  guard: { sign: '!', title: t('Guard'), color: '--vscode-errorForeground', line: true },
};

/** The marks of a step, one line each. */
export function markTexts(marks: readonly Mark[], step: number): readonly string[] {
  const here = marks.filter((mark) => mark.step === step);
  return here.map(({ kind, text }) => (text === '' ? MARKS[kind].title : `${MARKS[kind].title}: ${text}`));
}
