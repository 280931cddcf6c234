/**
 * @file The panel's entry: messages in, state, one render. What the person chose is kept with the panel; all else comes from
 * the run folder again.
 */
import { render } from 'lit';
import { panelView } from './panel.ts';
import { Curves } from './curves.ts';
import { defineControls } from './controls.ts';
import type { FromPanel, SavedPanel, ToPanel } from './protocol.ts';
import { initialState, reduce, shownEvaluation, wantedStep, type PanelAction, type Tab } from './state.ts';
import 'uplot/dist/uPlot.min.css';
import './style.css';

interface VsCodeApi {
  postMessage(message: FromPanel): void;
  getState(): SavedPanel | undefined;
  setState(state: SavedPanel): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

const TABS: readonly Tab[] = ['rollouts', 'evaluation', 'comparison'];

defineControls();
const vscode = acquireVsCodeApi();
const root = document.getElementById('app')!;
const dir = root.dataset.dir!;
const saved = vscode.getState();
let state = {
  ...initialState,
  fallbackName: dir.split(/[\\/]/).at(-1) ?? dir,
  chosenStep: saved?.step ?? null,
  tab: TABS.find((tab) => tab === saved?.tab) ?? initialState.tab,
};
let askedStep: number | null = null;
let askedEvaluation: number | null = null;
let frame: number | null = null;
const curves = new Curves((step) => {
  dispatch({ kind: 'choose-step', step });
});

function dispatch(message: ToPanel | PanelAction): void {
  state = reduce(state, message);
  // An answer, or a reason to ask again: a reset run, a step that was taken back.
  if (message.kind === 'run') {
    if (!state.groups) askedStep = null;
    if (message.reset) askedEvaluation = null;
  }
  askForWhatIsMissing();
  vscode.setState({ dir, tab: state.tab, ...(state.chosenStep === null ? {} : { step: state.chosenStep }) });
  frame ??= requestAnimationFrame(draw);
}

function askForWhatIsMissing(): void {
  const step = wantedStep(state);
  if (step !== null && step !== state.groups?.step && step !== askedStep) {
    askedStep = step;
    vscode.postMessage({ kind: 'groups', step });
  }
  const evaluation = shownEvaluation(state)?.id ?? null;
  if (state.tab === 'evaluation' && evaluation !== null && evaluation !== askedEvaluation) {
    askedEvaluation = evaluation;
    vscode.postMessage({ kind: 'rows', evaluation });
  }
}

function draw(): void {
  frame = null;
  render(
    panelView(state, {
      act: dispatch,
      send: (message) => {
        vscode.postMessage(message);
      },
    }),
    root,
  );
  curves.update(state);
}

window.addEventListener('message', (event: MessageEvent<ToPanel>) => {
  dispatch(event.data);
});
draw();
vscode.postMessage({ kind: 'ready' });
