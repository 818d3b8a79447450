import type { JsonValue } from '../core/index.ts';
import { closedObjectAt, countAt, listAt, oneOfAt, optional, textAt } from './json-shape.ts';
import { readListed, type Listed } from './listed.ts';

/** Files of one kind: how many there are, and 1,000 of them by path, those that no locked base has first. */
export interface CountedFiles {
  /** In the whole image. */
  readonly count: number;
  /** For each locked base at the bottom of the image: how many of them that base does not have just as they are. By ascending number of layers. */
  readonly beyond: readonly { readonly layerCount: number; readonly count: number }[];
  readonly files: readonly CountedFile[];
}

export interface CountedFile {
  /** Absolute. */
  readonly path: string;
  /** 0 = bottom. */
  readonly layer: number;
  /** 07777; given for setuid and setgid files and those with capabilities. */
  readonly mode?: number;
  /** purl, or name, of the package that owns it. */
  readonly owner?: string;
  /** The number of layers of each locked base that has the very same file: type, mode, owner and content. */
  readonly bases: readonly number[];
}

/** Something of the image that could not be read. */
export interface UnreadPart {
  /** Stable code of the diagnostic. */
  readonly code: string;
  /** Id of the cataloger, or `image` for the reader of layers. */
  readonly source: string;
  /** Absolute. */
  readonly path?: string;
}

/** What tells that the inventory of an image was stripped. */
export interface StrippedPart {
  readonly kind: 'database-removed' | 'orphaned-list' | 'orphaned-copyright';
  /** Absolute. */
  readonly path: string;
  /** The last layer that had it. */
  readonly layer: number;
  readonly removedInLayer?: number;
}

/** What the ledger of files tells a policy. */
export interface LedgerFacts {
  /** Files that were compared with what their packages recorded. */
  readonly compared: number;
  /** Executables that no package, rule or recognition accounts for, those of the base included. */
  readonly unaccountedExecutables: CountedFiles;
  /** Files that are not as their package's record says. Configuration files, which are meant to be changed, are none. */
  readonly modifiedPackageFiles: CountedFiles;
  /** Every regular file with the setuid or setgid bit, or with file capabilities. */
  readonly setuid: CountedFiles;
  /** What the pass over the layers could not tell of files: any count may be too low. */
  readonly unreadLayers: Listed<UnreadPart>;
  /** What could not be read of the records that files are compared with: the count of modified files may be too low. */
  readonly unreadRecords: Listed<UnreadPart>;
  /** Everything else that could not be read: the count of unaccounted executables may be too high. */
  readonly unreadPackages: Listed<UnreadPart>;
  /** Files of packages whose content was not compared although a record of it exists. */
  readonly notCompared: number;
  /** Package databases that an upper layer deleted, and what deleted packages left behind. */
  readonly stripped: Listed<StrippedPart>;
}

/** Gives parsed JSON the type of ledger facts. @throws AppError EVIDENCE_MALFORMED */
export function readLedgerFacts(value: JsonValue, path: string): LedgerFacts {
  const facts = closedObjectAt(value, path, [
    'compared',
    'unaccountedExecutables',
    'modifiedPackageFiles',
    'setuid',
    'unreadLayers',
    'unreadRecords',
    'unreadPackages',
    'notCompared',
    'stripped',
  ]);
  const counted = (key: string): CountedFiles => readCounted(facts[key], `${path}.${key}`);
  return {
    compared: countAt(facts['compared'], `${path}.compared`),
    unaccountedExecutables: counted('unaccountedExecutables'),
    modifiedPackageFiles: counted('modifiedPackageFiles'),
    setuid: counted('setuid'),
    unreadLayers: readListed(facts['unreadLayers'], `${path}.unreadLayers`, readUnreadPart),
    unreadRecords: readListed(facts['unreadRecords'], `${path}.unreadRecords`, readUnreadPart),
    unreadPackages: readListed(facts['unreadPackages'], `${path}.unreadPackages`, readUnreadPart),
    notCompared: countAt(facts['notCompared'], `${path}.notCompared`),
    stripped: readListed(facts['stripped'], `${path}.stripped`, readStripped),
  };
}

/** @throws AppError EVIDENCE_MALFORMED */
export function readUnreadPart(value: JsonValue, path: string): UnreadPart {
  const part = closedObjectAt(value, path, ['code', 'source', 'path?']);
  return {
    code: textAt(part['code'], `${path}.code`),
    source: textAt(part['source'], `${path}.source`),
    ...optional('path', part['path'], (text) => textAt(text, `${path}.path`)),
  };
}

const STRIPPED_KINDS = ['database-removed', 'orphaned-list', 'orphaned-copyright'] as const;

function readStripped(value: JsonValue, path: string): StrippedPart {
  const part = closedObjectAt(value, path, ['kind', 'path', 'layer', 'removedInLayer?']);
  return {
    kind: oneOfAt(part['kind'], `${path}.kind`, STRIPPED_KINDS),
    path: textAt(part['path'], `${path}.path`),
    layer: countAt(part['layer'], `${path}.layer`),
    ...optional('removedInLayer', part['removedInLayer'], (layer) => countAt(layer, `${path}.removedInLayer`)),
  };
}

function readCounted(value: JsonValue | undefined, path: string): CountedFiles {
  const counted = closedObjectAt(value, path, ['count', 'beyond', 'files']);
  return {
    count: countAt(counted['count'], `${path}.count`),
    beyond: listAt(counted['beyond'], `${path}.beyond`, (item, at) => {
      const base = closedObjectAt(item, at, ['layerCount', 'count']);
      return {
        layerCount: countAt(base['layerCount'], `${at}.layerCount`),
        count: countAt(base['count'], `${at}.count`),
      };
    }),
    files: listAt(counted['files'], `${path}.files`, readFile),
  };
}

function readFile(value: JsonValue, path: string): CountedFile {
  const file = closedObjectAt(value, path, ['path', 'layer', 'mode?', 'owner?', 'bases']);
  return {
    path: textAt(file['path'], `${path}.path`),
    layer: countAt(file['layer'], `${path}.layer`),
    ...optional('mode', file['mode'], (mode) => countAt(mode, `${path}.mode`)),
    ...optional('owner', file['owner'], (owner) => textAt(owner, `${path}.owner`)),
    bases: listAt(file['bases'], `${path}.bases`, countAt),
  };
}
