export type { FoundBundle, Statement, StatementSubject, UnreadableReferrer } from './types.ts';
