/** @file Entry of the worker process. What is imported here is compiled before it can be kept, so the work is imported late. */
import { keepCompiled } from '../base/compiled.ts';

keepCompiled();
await import('./work.ts');
