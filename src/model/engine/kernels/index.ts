// Everything that the engine calls. Kernels with a range [first, last) as their first arguments can be shared by threads.

export { setThread } from './thread';
export { packPanels, padded, paddedRows } from './pack';
export { gemm, gemmBatch, gemmFewRows, gemmStored, multiplyScratch, packedScratch, storedScratch } from './gemm';
export { bringNear } from './far';
export { gatherHalfRows } from './half';
export { turnPanels, widenPanels, widenRows } from './pack-halves';
export { arrangeHalves, arrangeScratch } from './arrange-halves';
export { exp, fill, log, neg, rsqrt, sigmoid, sqrt, square } from './elementwise';
export { add, div, maximum, minimum, mul, sub } from './broadcast';
export { copyStrided, gatherRows, scatterRows } from './copy';
export { maxRows, sumBlocks, sumColumns, sumRows } from './reduce';
export { logSoftmax, softmax } from './softmax';
export { rmsNorm, rmsNormGradient } from './rms-norm';
export { rotary } from './rotary';
export { swiglu, swigluGradient } from './swiglu';
export { attention, attentionGradient, attentionScratch } from './attention';
export { addLogits, logitsGradient, subtractMean, tokenLogProbs } from './token-log-probs';
export { adamw } from './adamw';
export { MR, NR } from './tile';
export { attendRows, decodeScratch, decodeStep, readPrompts, rememberRows, sampleRows, sharePrompts } from './decode';
