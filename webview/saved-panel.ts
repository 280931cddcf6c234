/**
 * @file What a person chose in a panel, so that one that was hidden, closed or reloaded with its window shows the same again.
 * Pure. What a run recorded is no part of it: that is read again.
 */
import { COMPARED, COMPARED_ORDERS } from './comparison-filter.ts';
import type { SavedPanel } from './protocol.ts';
import { ORDERS, SHOWN } from './rollout-filter.ts';
import { initialState, type PanelState, type Tab } from './state.ts';
import { COLOURINGS } from './token-colours.ts';

const TABS: Readonly<Record<Tab, true>> = { rollouts: true, evaluation: true, comparison: true };

export function savedFrom(state: PanelState, dir: string): SavedPanel {
  const { tab, chosenStep, curves, overlays, filter, open, colouring, document, comparison } = state;
  return {
    dir,
    tab,
    curves,
    overlays,
    filter,
    open: [...open],
    colouring,
    compared: { shown: comparison.shown, filter: comparison.filter },
    ...(chosenStep !== null && { step: chosenStep }),
    ...(document !== null && { document }),
    ...(comparison.seen && { comparison: comparison.seen }),
  };
}

/** The state that a panel begins with. What an earlier version saved may lack parts, or name choices that there are no more. */
export function restored(saved: SavedPanel | undefined, dir: string): PanelState {
  const { comparison, filter } = initialState;
  const compared = { ...comparison.filter, ...saved?.compared?.filter };
  const shown = { ...filter, ...saved?.filter };
  return {
    ...initialState,
    fallbackName: dir.split(/[\\/]/).at(-1) ?? dir,
    tab: known(TABS, saved?.tab, initialState.tab),
    chosenStep: saved?.step ?? null,
    curves: { ...initialState.curves, ...saved?.curves },
    overlays: saved?.overlays ?? [],
    filter: {
      text: shown.text,
      show: known(SHOWN, shown.show, filter.show),
      order: known(ORDERS, shown.order, filter.order),
    },
    open: new Set(saved?.open),
    colouring: known(COLOURINGS, saved?.colouring, initialState.colouring),
    document: saved?.document ?? null,
    comparison: {
      ...comparison,
      seen: saved?.comparison ?? null,
      shown: saved?.compared?.shown ?? 0,
      filter: {
        text: compared.text,
        show: known(COMPARED, compared.show, comparison.filter.show),
        order: known(COMPARED_ORDERS, compared.order, comparison.filter.order),
      },
    },
  };
}

function known<K extends string>(choices: Readonly<Record<K, unknown>>, name: string | undefined, otherwise: K): K {
  return name !== undefined && Object.hasOwn(choices, name) ? (name as K) : otherwise;
}
