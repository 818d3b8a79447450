import type { JsonValue } from '../../core/index.ts';
import { closedObjectAt, countAt, flagAt, nullable, oneOfAt, optional, textAt } from '../json-shape.ts';
import { readUnreadPart } from '../ledger-facts.ts';
import { readListed } from '../listed.ts';
import {
  COMMAND_PROBLEMS,
  FILE_STATES,
  SECRET_KINDS,
  TOOL_KINDS,
  type AccountFacts,
  type CommandFact,
  type OsRelease,
  type SystemFacts,
} from './types.ts';

const MEMBERS = [
  'osRelease',
  'accounts',
  'user',
  'command',
  'secrets',
  'exampleSecrets',
  'writable',
  'searched',
  'preload',
  'tools',
  'junk',
  'caches',
  'sources',
  'content',
  'unread',
];

/** Gives parsed JSON the type of system facts. @throws AppError EVIDENCE_MALFORMED */
export function readSystemFacts(value: JsonValue, path: string): SystemFacts {
  const facts = closedObjectAt(value, path, MEMBERS);
  const at = (key: string): string => `${path}.${key}`;
  const content = closedObjectAt(facts['content'], at('content'), ['files', 'bytes']);
  return {
    osRelease: nullable(facts['osRelease'], (item) => readOsRelease(item, at('osRelease'))),
    accounts: readAccounts(facts['accounts'], at('accounts')),
    user: nullable(facts['user'], (item) => {
      const user = closedObjectAt(item, at('user'), ['name', 'uid']);
      return {
        name: textAt(user['name'], at('user.name')),
        uid: nullable(user['uid'], (uid) => countAt(uid, at('user.uid'))),
      };
    }),
    command: nullable(facts['command'], (item) => readCommand(item, at('command'))),
    ...readSecretsAndAccess(facts, path),
    ...readLeftovers(facts, path),
    preload: nullable(facts['preload'], (item) => readPlace(item, at('preload'))),
    content: {
      files: countAt(content['files'], at('content.files')),
      bytes: countAt(content['bytes'], at('content.bytes')),
    },
    unread: readListed(facts['unread'], at('unread'), readUnreadPart),
  };
}

type Facts = ReturnType<typeof closedObjectAt>;

function readOsRelease(value: JsonValue | undefined, path: string): OsRelease {
  const release = closedObjectAt(value, path, ['id', 'versionId?', 'name?']);
  return {
    id: textAt(release['id'], `${path}.id`),
    ...optional('versionId', release['versionId'], (text) => textAt(text, `${path}.versionId`)),
    ...optional('name', release['name'], (text) => textAt(text, `${path}.name`)),
  };
}

function readAccounts(value: JsonValue | undefined, path: string): AccountFacts {
  const members = ['passwd', 'shadow', 'group', 'rootNames', 'emptyPasswords', 'duplicates'];
  const facts = closedObjectAt(value, path, members);
  const state = (key: string) => oneOfAt(facts[key], `${path}.${key}`, FILE_STATES);
  return {
    passwd: state('passwd'),
    shadow: state('shadow'),
    group: state('group'),
    rootNames: readListed(facts['rootNames'], `${path}.rootNames`, textAt),
    emptyPasswords: readListed(facts['emptyPasswords'], `${path}.emptyPasswords`, textAt),
    duplicates: readListed(facts['duplicates'], `${path}.duplicates`, (item, at) => {
      const duplicate = closedObjectAt(item, at, ['what', 'value']);
      return {
        what: oneOfAt(duplicate['what'], `${at}.what`, ['name', 'uid', 'group', 'gid']),
        value: textAt(duplicate['value'], `${at}.value`),
      };
    }),
  };
}

function readCommand(value: JsonValue | undefined, path: string): CommandFact {
  const command = closedObjectAt(value, path, ['program', 'path', 'problem', 'interpreter?']);
  return {
    program: textAt(command['program'], `${path}.program`),
    path: nullable(command['path'], (text) => textAt(text, `${path}.path`)),
    problem: nullable(command['problem'], (word) => oneOfAt(word, `${path}.problem`, COMMAND_PROBLEMS)),
    ...optional('interpreter', command['interpreter'], (text) => textAt(text, `${path}.interpreter`)),
  };
}

function readSecretsAndAccess(
  facts: Facts,
  path: string,
): Pick<SystemFacts, 'secrets' | 'exampleSecrets' | 'writable' | 'searched' | 'sources'> {
  return {
    secrets: readListed(facts['secrets'], `${path}.secrets`, (item, at) => {
      const secret = closedObjectAt(item, at, ['path', 'kind', 'layer', 'removedInLayer?']);
      return {
        path: textAt(secret['path'], `${at}.path`),
        kind: oneOfAt(secret['kind'], `${at}.kind`, SECRET_KINDS),
        layer: countAt(secret['layer'], `${at}.layer`),
        ...optional('removedInLayer', secret['removedInLayer'], (layer) => countAt(layer, `${at}.removedInLayer`)),
      };
    }),
    exampleSecrets: countAt(facts['exampleSecrets'], `${path}.exampleSecrets`),
    writable: readListed(facts['writable'], `${path}.writable`, (item, at) => {
      const entry = closedObjectAt(item, at, ['path', 'layer', 'by', 'onPath']);
      return {
        path: textAt(entry['path'], `${at}.path`),
        layer: countAt(entry['layer'], `${at}.layer`),
        by: oneOfAt(entry['by'], `${at}.by`, ['world', 'user']),
        onPath: flagAt(entry['onPath'], `${at}.onPath`),
      };
    }),
    searched: readListed(facts['searched'], `${path}.searched`, (item, at) => {
      const folder = closedObjectAt(item, at, ['variable', 'path', 'state']);
      return {
        variable: textAt(folder['variable'], `${at}.variable`),
        path: textAt(folder['path'], `${at}.path`),
        state: oneOfAt(folder['state'], `${at}.state`, ['world-writable', 'user-writable', 'absent', 'protected']),
      };
    }),
    sources: readListed(facts['sources'], `${path}.sources`, (item, at) => {
      const source = closedObjectAt(item, at, ['path', 'layer', 'setting']);
      return {
        path: textAt(source['path'], `${at}.path`),
        layer: countAt(source['layer'], `${at}.layer`),
        setting: textAt(source['setting'], `${at}.setting`),
      };
    }),
  };
}

function readLeftovers(facts: Facts, path: string): Pick<SystemFacts, 'tools' | 'junk' | 'caches'> {
  return {
    tools: readListed(facts['tools'], `${path}.tools`, (item, at) => {
      const tool = closedObjectAt(item, at, ['path', 'kind', 'layer']);
      return {
        path: textAt(tool['path'], `${at}.path`),
        kind: oneOfAt(tool['kind'], `${at}.kind`, TOOL_KINDS),
        layer: countAt(tool['layer'], `${at}.layer`),
      };
    }),
    junk: readListed(facts['junk'], `${path}.junk`, readPlace),
    caches: readListed(facts['caches'], `${path}.caches`, (item, at) => {
      const cache = closedObjectAt(item, at, ['path', 'files', 'bytes', 'layer']);
      return {
        path: textAt(cache['path'], `${at}.path`),
        files: countAt(cache['files'], `${at}.files`),
        bytes: countAt(cache['bytes'], `${at}.bytes`),
        layer: countAt(cache['layer'], `${at}.layer`),
      };
    }),
  };
}

function readPlace(value: JsonValue | undefined, path: string): { readonly path: string; readonly layer: number } {
  const place = closedObjectAt(value, path, ['path', 'layer']);
  return { path: textAt(place['path'], `${path}.path`), layer: countAt(place['layer'], `${path}.layer`) };
}
