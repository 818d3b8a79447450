export { readSystemFacts } from './read-system-facts.ts';
export type { SystemFacts } from './types.ts';
