import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SavedPanel } from '../../../webview/protocol.ts';
import { restored, savedFrom } from '../../../webview/saved-panel.ts';
import { type PanelAction, reduce } from '../../../webview/state.ts';

const DIR = '/runs/a';

describe('what a panel remembers', () => {
  it('is all that a person chose', () => {
    const chosen: readonly PanelAction[] = [
      { kind: 'choose-step', step: 40 },
      { kind: 'choose-tab', tab: 'evaluation' },
      { kind: 'filter', filter: { show: 'malformed', order: 'gain', text: 'wool' } },
      { kind: 'toggle', key: '40/0/1' },
      { kind: 'curves', curves: { metrics: ['kl'], log: true } },
      { kind: 'overlays', dirs: ['/runs/b'] },
      { kind: 'colour', colouring: 'difference' },
      { kind: 'compared', comparison: { shown: 1, filter: { show: 'lost', order: 'moved', text: 'sock' } } },
      { kind: 'look-at', document: 'p1' },
    ];
    const state = chosen.reduce(reduce, restored(undefined, DIR));
    const kept = JSON.parse(JSON.stringify(savedFrom(state, DIR))) as SavedPanel;
    assert.deepEqual(restored(kept, DIR), { ...state, isFilterNew: false }, 'a filter that comes back is no news');
  });

  it('may come from an earlier version, with choices that there are no more', () => {
    const old = {
      dir: DIR,
      tab: 'notes',
      filter: { show: 'shiny', order: 'gain', text: 'a' },
      colouring: 'rainbow',
      compared: { shown: 0, filter: { order: 'size' } },
    };
    const { tab, filter, colouring, comparison } = restored(old, DIR);
    const fresh = restored(undefined, DIR);
    assert.deepEqual(filter, { ...fresh.filter, order: 'gain', text: 'a' });
    assert.deepEqual([tab, colouring, comparison], [fresh.tab, fresh.colouring, fresh.comparison]);
  });
});
