/**
 * @file What the sample's content files are made of: product types and attributes, each in two languages, the seller's
 * (titles and descriptions) and the shopper's (queries). A shopper's phrase never uses the head word of the seller's name.
 */

/** Facets of which a product has at most one value: no title is both navy and crimson. The rest combine freely. */
export const EXCLUSIVE_FACETS = ['colour', 'material', 'fit', 'power'] as const;
export type Facet = (typeof EXCLUSIVE_FACETS)[number] | 'property' | 'care';

export interface Attribute {
  readonly facet: Facet;
  /** The words in a title. */
  readonly term: string;
  /** What shoppers say instead: modifiers that can follow a noun ("in dark blue", "that folds flat"). */
  readonly asks: readonly string[];
  /** Sentences of sellers about it, for descriptions. */
  readonly claims: readonly string[];
}

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
  /** Keys of the attributes that make sense for it. */
  readonly attributes: readonly string[];
  /** Sizes and counts that end some titles. */
  readonly sizes: readonly string[];
}

export interface Category {
  readonly name: string;
  /** Sentences that sellers of this category end a description with. */
  readonly closers: readonly string[];
  readonly types: readonly ProductType[];
}
