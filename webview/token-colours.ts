/** @file A completion whose tokens are coloured by how likely they were, or by how far the policy has left the start policy. */
import { html, nothing, type TemplateResult } from 'lit';
import { rich, t } from './l10n.ts';
import { decimal, signed } from './numbers.ts';
import type { TokenTrace } from './protocol.ts';
import type { TokenColouring } from './state.ts';

export const COLOURINGS: Readonly<Record<TokenColouring, string>> = {
  plain: t('Plain text'),
  'log-probability': t('Coloured by log-probability'),
  difference: t('Coloured by difference to the start policy'),
};

/** Nats at which the colour is full: e⁻⁴ is a chance of 2 %, a factor of e² is 7. */
const FULL: Readonly<Record<Exclude<TokenColouring, 'plain'>, number>> = { 'log-probability': 4, difference: 2 };
export const SHADES = 5;

/** @param trace undefined while it is on its way, null when the run recorded none. */
export function completionView(
  text: string,
  colouring: TokenColouring,
  trace: TokenTrace | null | undefined,
): TemplateResult {
  if (colouring === 'plain') return html`<pre class="completion">${text}</pre>`;
  if (!trace) {
    const why = trace === null ? t('This run did not record its tokens.') : nothing;
    return html`<pre class="completion">${text}</pre>
      <p class="note">${why}</p>`;
  }
  // Line breaks are a part of the text, so nothing may stand between the tokens.
  return html`<pre class="completion">${trace.pieces.map((piece, i) => tokenView(piece, i, colouring, trace))}</pre>
    ${legend(colouring, trace)}`;
}

function tokenView(
  piece: string,
  i: number,
  colouring: Exclude<TokenColouring, 'plain'>,
  trace: TokenTrace,
): TemplateResult {
  const reference = trace.reference?.at(i);
  const difference = reference === undefined ? NaN : trace.logProbs[i] - reference;
  const value = colouring === 'difference' ? difference : trace.logProbs[i];
  const about = t(
    'log-probability {0}, start policy {1}, difference {2}',
    decimal(trace.logProbs[i], 2),
    decimal(reference, 2),
    signed(difference, 2),
  );
  return html`<span class=${shadeClass(value, colouring)} title=${about}>${piece === '' ? '⏎' : piece}</span>`;
}

/** Unlikely tokens, or those that the policy has unlearnt, are `less`; those that it has learnt are `more`. */
export function shadeClass(value: number, colouring: Exclude<TokenColouring, 'plain'>): string {
  if (!Number.isFinite(value)) return 'token';
  const shade = Math.min(SHADES, Math.round((Math.abs(value) / FULL[colouring]) * SHADES));
  if (shade === 0) return 'token';
  return `token ${value < 0 ? 'less' : 'more'}-${shade}`;
}

function legend(colouring: Exclude<TokenColouring, 'plain'>, { reference }: TokenTrace): TemplateResult {
  if (colouring === 'difference' && !reference) {
    return html`<p class="note">
      ${t('The start policy was not asked about this completion, for its search failed or its group was not learnt from.')}
    </p>`;
  }
  return colouring === 'difference'
    ? html`<p class="note">
        ${rich(
          '{0} and {1} than under the start policy',
          html`<span class="token more-4">${t('likelier')}</span>`,
          html`<span class="token less-4">${t('less likely')}</span>`,
        )}
      </p>`
    : html`<p class="note">
        ${rich('{0} tokens are marked; hover for numbers', html`<span class="token less-4">${t('unlikely')}</span>`)}
      </p>`;
}
