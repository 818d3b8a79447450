import type { JsonValue } from '../core/index.ts';
import type { AccountChange, BaseComparison, FileChange, FileFact, PackageStanza } from '../provenance/index.ts';
import { closedObjectAt, countAt, listAt, malformed, objectAt, optional, textAt } from './json-shape.ts';

const ACCOUNT_KINDS: readonly AccountChange['kind'][] = ['new-uid-0', 'new-password', 'changed', 'removed'];
const OWNER_STATES: readonly NonNullable<FileChange['owner']>['state'][] = ['added', 'upgraded', 'unchanged'];

/** Gives parsed JSON the type of a comparison of an image with its bottom layers. @throws AppError EVIDENCE_MALFORMED */
export function readComparison(value: JsonValue, path: string): BaseComparison {
  const object = closedObjectAt(value, path, ['layerCount', 'changes', 'packages', 'accounts', 'lostDatabases']);
  return {
    layerCount: countAt(object['layerCount'], `${path}.layerCount`),
    changes: listAt(object['changes'], `${path}.changes`, readChange),
    packages: listAt(object['packages'], `${path}.packages`, (item, at) => {
      const pair = closedObjectAt(item, at, ['before', 'after?', 'layer?']);
      return {
        before: readStanza(pair['before'], `${at}.before`),
        ...optional('after', pair['after'], (after) => readStanza(after, `${at}.after`)),
        ...optional('layer', pair['layer'], (layer) => countAt(layer, `${at}.layer`)),
      };
    }),
    accounts: listAt(object['accounts'], `${path}.accounts`, readAccount),
    lostDatabases: listAt(object['lostDatabases'], `${path}.lostDatabases`, textAt),
  };
}

function readChange(value: JsonValue, path: string): FileChange {
  const change = closedObjectAt(value, path, [
    'path',
    'before?',
    'after?',
    'owner?',
    'shadows?',
    'layer?',
    'unexplainedCertificates?',
  ]);
  return {
    path: textAt(change['path'], `${path}.path`),
    ...optional('before', change['before'], (before) => readFact(before, `${path}.before`)),
    ...optional('after', change['after'], (after) => readFact(after, `${path}.after`)),
    ...optional('owner', change['owner'], (owner) => readOwner(owner, `${path}.owner`)),
    ...optional('shadows', change['shadows'], (shadows) => textAt(shadows, `${path}.shadows`)),
    ...optional('layer', change['layer'], (layer) => countAt(layer, `${path}.layer`)),
    ...optional('unexplainedCertificates', change['unexplainedCertificates'], (count) =>
      countAt(count, `${path}.unexplainedCertificates`),
    ),
  };
}

function readOwner(value: JsonValue, path: string): NonNullable<FileChange['owner']> {
  const owner = closedObjectAt(value, path, ['package', 'state']);
  const state =
    OWNER_STATES.find((known) => known === owner['state']) ?? malformed(`${path}.state`, OWNER_STATES.join(' or '));
  return { package: textAt(owner['package'], `${path}.package`), state };
}

function readFact(value: JsonValue, path: string): FileFact {
  const fact = closedObjectAt(value, path, [
    'type',
    'mode',
    'uid',
    'gid',
    'sizeBytes',
    'sha256?',
    'linkTarget?',
    'xattrs?',
  ]);
  return {
    type: textAt(fact['type'], `${path}.type`),
    mode: countAt(fact['mode'], `${path}.mode`),
    uid: countAt(fact['uid'], `${path}.uid`),
    gid: countAt(fact['gid'], `${path}.gid`),
    sizeBytes: countAt(fact['sizeBytes'], `${path}.sizeBytes`),
    ...optional('sha256', fact['sha256'], (hex) => textAt(hex, `${path}.sha256`)),
    ...optional('linkTarget', fact['linkTarget'], (target) => textAt(target, `${path}.linkTarget`)),
    ...optional('xattrs', fact['xattrs'], (xattrs) => readTexts(xattrs, `${path}.xattrs`)),
  };
}

function readTexts(value: JsonValue, path: string): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [key, member] of Object.entries(objectAt(value, path))) texts[key] = textAt(member, `${path}.${key}`);
  return texts;
}

function readStanza(value: JsonValue | undefined, path: string): PackageStanza {
  const stanza = closedObjectAt(value, path, ['database', 'name', 'architecture', 'version', 'sha256']);
  return {
    database: textAt(stanza['database'], `${path}.database`),
    name: textAt(stanza['name'], `${path}.name`),
    architecture: textAt(stanza['architecture'], `${path}.architecture`),
    version: textAt(stanza['version'], `${path}.version`),
    sha256: textAt(stanza['sha256'], `${path}.sha256`),
  };
}

function readAccount(value: JsonValue, path: string): AccountChange {
  const account = closedObjectAt(value, path, ['path', 'user', 'kind', 'layer?']);
  const kind =
    ACCOUNT_KINDS.find((known) => known === account['kind']) ?? malformed(`${path}.kind`, ACCOUNT_KINDS.join(' or '));
  return {
    path: textAt(account['path'], `${path}.path`),
    user: textAt(account['user'], `${path}.user`),
    kind,
    ...optional('layer', account['layer'], (layer) => countAt(layer, `${path}.layer`)),
  };
}
