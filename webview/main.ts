/**
 * @file The panel's entry: messages in, state, one render. What the person chose is kept with the panel and told to the host; all
 * else comes from the run folder again.
 */
import { render } from 'lit';
import { panelView } from './panel.ts';
import { CurvePlots } from './curve-plots.ts';
import { defineControls } from './controls.ts';
import type { FromPanel, SavedPanel, ToPanel } from './protocol.ts';
import { missing } from './questions.ts';
import { restored, savedFrom } from './saved-panel.ts';
import { reduce, type PanelAction } from './state.ts';
import { defineVirtualRows } from './virtual-rows.ts';
import 'uplot/dist/uPlot.min.css';
import './style/panel.css';

interface VsCodeApi {
  postMessage(message: FromPanel): void;
  getState(): SavedPanel | undefined;
  setState(state: SavedPanel): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

/** How long a new panel waits to be told of its run before it asks. */
const EARLY_MILLIS = 500;
/** Between what a person does and that it is kept: typing and scrolling come in dozens. */
const SAVE_MILLIS = 200;

defineControls();
defineVirtualRows();
const vscode = acquireVsCodeApi();
const root = document.getElementById('app')!;
const dir = root.dataset.dir!;
// Its own after it was hidden or the window reloaded; what an earlier panel of the run kept, where it was closed.
const saved = vscode.getState() ?? (JSON.parse(root.dataset.saved ?? 'null') as SavedPanel | null) ?? undefined;
let state = restored(saved, dir);
/** Where the page is to be scrolled to when all is there that was. */
let scroll = saved?.scroll ?? 0;
let saving: number | undefined;
/** What was asked and not answered yet, as text. */
const asked = new Set<string>();
let frame: number | null = null;
const plots = new CurvePlots((step) => {
  dispatch({ kind: 'choose-step', step });
});

function send(message: FromPanel): void {
  vscode.postMessage(message);
}

function dispatch(message: ToPanel | PanelAction): void {
  take(message);
  frame ??= requestAnimationFrame(draw);
}

function take(message: ToPanel | PanelAction): void {
  state = reduce(state, message);
  // An answer, or a reason to ask again.
  const { kind } = message;
  if (kind === 'groups' || kind === 'comparison' || (kind === 'run' && message.events.length > 0)) asked.clear();
  for (const question of missing(state)) {
    const text = JSON.stringify(question);
    // A slider asks for more steps than anybody wants to see: one at a time.
    const waits = question.kind === 'groups' && [...asked].some((other) => other.startsWith('{"kind":"groups"'));
    if (asked.has(text) || waits) continue;
    asked.add(text);
    send(question);
  }
  saveSoon();
}

function draw(): void {
  frame = null;
  render(panelView(state, { act: dispatch, send }), root);
  plots.update(state);
  const isAwaited = state.comparison.seen !== null && state.comparison.result === null && state.tab === 'comparison';
  if (scroll === 0 || !state.info || isAwaited || missing(state).length > 0) return;
  const top = scroll;
  scroll = 0;
  requestAnimationFrame(() => {
    scrollTo({ top });
  });
}

function saveSoon(): void {
  saving ??= setTimeout(() => {
    saving = undefined;
    const kept = { ...savedFrom(state, dir), scroll: scroll === 0 ? scrollY : scroll };
    if (JSON.stringify(kept) === JSON.stringify(vscode.getState())) return;
    vscode.setState(kept);
    send({ kind: 'remember', saved: kept });
  }, SAVE_MILLIS);
}

let isReady = false;

/** @param known the id of the last event that this page was told. */
function sayReady(known: number): void {
  if (isReady) return;
  isReady = true;
  send({ kind: 'ready', known });
  if (state.overlays.length > 0) send({ kind: 'overlay', dirs: state.overlays });
  if (saved?.comparison) send({ kind: 'compare-again', chosen: saved.comparison });
}

window.addEventListener('message', ({ data }: MessageEvent<ToPanel>) => {
  // Before what it leads to is asked: the host answers to those who are ready.
  sayReady(data.kind === 'run' ? (data.events.at(-1)?.id ?? 0) : 0);
  dispatch(data);
});
window.addEventListener('scroll', saveSoon);
draw();
// A new panel is told its run at once; one that was here before asks.
if (vscode.getState()) sayReady(0);
else setTimeout(sayReady, EARLY_MILLIS, 0);
