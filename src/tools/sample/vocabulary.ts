/**
 * @file What the sample's content files are made of: product types, each in two languages, the seller's
 * (titles and descriptions) and the shopper's (queries). A shopper's phrase never uses the head word of the seller's name.
 */

import type { AttributeKey } from './attributes.ts';

export interface ProductType {
  /** The seller's noun phrase, as titles have it. */
  readonly name: string;
  /** Set where the name is a plural ("Oven Mitts"): sentences about it need another verb form. */
  readonly plural?: true;
  /** Other names that sellers use in descriptions, in lower case. */
  readonly synonyms: readonly string[];
  /** Shoppers' noun phrases for it. */
  readonly asks: readonly string[];
  /** Shoppers' whole clauses: the trouble that it helps with. */
  readonly troubles: readonly string[];
  /** What it does, as verb phrases that agree with the name's number. */
  readonly does: readonly string[];
  /** Whole sentences about its use. */
  readonly uses: readonly string[];
  /** The attributes that make sense for it. */
  readonly attributes: readonly AttributeKey[];
  /** Sizes and counts that end some titles. */
  readonly sizes: readonly string[];
}

export interface Category {
  readonly name: string;
  /** Sentences that sellers of this category end a description with. */
  readonly closers: readonly string[];
  readonly types: readonly ProductType[];
}
