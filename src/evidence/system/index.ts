export { collectSystemFacts, systemPlan } from './collect-system-facts.ts';
export type { SystemFactsInput } from './collect-system-facts.ts';
export type { RunConfig } from './command.ts';
export { readSystemFacts } from './read-system-facts.ts';
export { isSecretVariable } from './secret-rules.ts';
export type {
  AccountFacts,
  CacheFact,
  CommandFact,
  OsRelease,
  SearchedFolder,
  SecretFact,
  SecretKind,
  SourceFact,
  SystemFacts,
  ToolFact,
  ToolKind,
  UserFact,
  WritableFact,
} from './types.ts';
