/** @file Names of the environment variables that Rec-R1 reads. */

/** The key of a recommender behind HTTP, unless its description names another variable. */
export const RETRIEVER_TOKEN = 'REC_R1_RETRIEVER_TOKEN';
