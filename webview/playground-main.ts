/** @file The playground's entry: messages in, state, one render. */
import { render } from 'lit';
import { defineControls } from './controls.ts';
import type { FromPlayground, SavedPlayground, ToPlayground } from './playground-protocol.ts';
import { initialPlayground, type PlaygroundAction, reducePlayground } from './playground-state.ts';
import { playgroundView } from './playground.ts';
import './style/playground.css';

interface VsCodeApi {
  postMessage(message: FromPlayground): void;
  getState(): SavedPlayground | undefined;
  setState(state: SavedPlayground): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

defineControls();
const vscode = acquireVsCodeApi();
const root = document.getElementById('app')!;
const saved = vscode.getState();
let state = { ...initialPlayground, query: saved?.query ?? '' };
let frame: number | null = null;

function dispatch(message: ToPlayground | PlaygroundAction): void {
  state = reducePlayground(state, message);
  vscode.setState({
    query: state.query,
    policies: state.policies.map(({ runDir, checkpoint }) => ({ runDir, checkpoint })),
  });
  frame ??= requestAnimationFrame(draw);
}

/** A query is asked anew with each press; samples of the same query count up. */
function ask(another: boolean): void {
  const query = state.query.trim();
  const before = state.asked?.query === query ? (state.asked.sample ?? 0) : 0;
  const asked = { id: (state.asked?.id ?? 0) + 1, query, sample: another ? before + 1 : null };
  dispatch({ kind: 'asked', asked });
  vscode.postMessage({ kind: 'ask', asked });
}

function draw(): void {
  frame = null;
  const send = (message: FromPlayground): void => {
    vscode.postMessage(message);
  };
  render(playgroundView(state, { act: dispatch, send, ask }), root);
}

window.addEventListener('message', ({ data }: MessageEvent<ToPlayground>) => {
  dispatch(data);
});
draw();
document.getElementById('query')!.focus();
vscode.postMessage({ kind: 'ready', policies: saved?.policies ?? null });
