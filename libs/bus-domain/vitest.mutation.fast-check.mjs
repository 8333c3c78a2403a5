// Stands in for fast-check while rules are mutated: a changed rule runs in thousands of copies, where a few dozen cases
// of each property tell, and all of them would take hours.
import { createRequire } from 'node:module';

const fc = createRequire(import.meta.url)('fast-check');

export default {
  ...fc,
  assert: (property, options) => fc.assert(property, { ...options, numRuns: 50 }),
};
