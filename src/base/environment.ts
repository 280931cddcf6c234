/** @file Names of the environment variables that Rec-R1 reads. */

/** The key of a recommender behind HTTP, unless its description names another variable. */
export const RETRIEVER_TOKEN = 'REC_R1_RETRIEVER_TOKEN';

/** The key of a remote model, unless its description names another variable. */
export const REMOTE_TOKEN = 'REC_R1_MODEL_TOKEN';

/** A folder for files that can be made again, such as search indexes, in place of the platform's own. */
export const CACHE_FOLDER = 'REC_R1_CACHE';

/** The folder with native tensor engines; the editor names its own storage here for the processes that it starts. */
export const NATIVE_FOLDER = 'REC_R1_NATIVE';
