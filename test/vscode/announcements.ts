/**
 * @file What a screen reader says of a panel by itself: text that changes inside a live region which was there before. A region that
 * comes with its text in it is often passed over, so what it says is not counted.
 */
import type { FrameLocator } from 'playwright-core';

// What the functions below use of the panel's page; this project's Node code has no DOM types.
interface PageNode {
  readonly nodeType: number;
  readonly parentElement: PageElement | null;
}
interface PageElement extends PageNode {
  readonly textContent: string;
  closest(selector: string): PageElement | null;
  getAttribute(name: string): string | null;
  checkVisibility(): boolean;
}
declare const document: { readonly body: PageElement };
declare class MutationObserver {
  constructor(changed: (records: readonly { readonly target: PageNode }[]) => void);
  observe(target: PageElement, options: object): void;
}

/** Such as `polite: Paused`, or `assertive: The disk is full.` */
export type Announcement = `${'polite' | 'assertive'}: ${string}`;

/** From now on; the answer tells what has been said since it was last asked. */
export async function listen(panel: FrameLocator): Promise<() => Promise<readonly Announcement[]>> {
  const body = panel.locator('body');
  await body.evaluate(() => {
    const said: string[] = ((globalThis as { said?: string[] }).said = []);
    const observer = new MutationObserver((records) => {
      const regions = new Set<PageElement>();
      for (const { target } of records) {
        const element = target.nodeType === 1 ? (target as PageElement) : target.parentElement;
        const region = element?.closest('[aria-live], [role=status], [role=alert], [role=log], output');
        if (region) regions.add(region);
      }
      for (const region of regions) {
        const implied = region.getAttribute('role') === 'alert' ? 'assertive' : 'polite';
        const live = region.getAttribute('aria-live') ?? implied;
        const text = region.textContent.replaceAll(/\s+/g, ' ').trim();
        if (live !== 'off' && text !== '' && region.checkVisibility()) said.push(`${live}: ${text}`);
      }
    });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  return () => body.evaluate(() => (globalThis as unknown as { said: Announcement[] }).said.splice(0));
}
