import { readRpmDatabase, RPM_TAGS, tryParseRpmHeader } from '../../formats/index.ts';
import type { Package } from '../../packages/index.ts';
import { parseApkInstalled } from './apk-database.ts';
import { parseRpmManifest } from './rpm-manifest.ts';
import { rpmIdentity } from './rpm-record.ts';

/** What tells the records of one version of a database apart. Hostile input: never throws. */
export type RecordKeys = (bytes: Uint8Array, log?: Uint8Array) => ReadonlySet<string>;

/** Rule that captures the write-ahead log beside rpm's database. */
export const RPM_LOG_RULE = 'rpm/log';

/** Databases that are one file for all packages and list no file that tells of a package's own layer, by the rules that capture them. */
export const RECORD_KEYS: ReadonlyMap<string, RecordKeys> = new Map<string, RecordKeys>([
  ['apk/installed', apkKeys],
  ['rpm/database', rpmKeys],
  ['rpm/manifest', manifestKeys],
]);

/** The key of a package's record in such a database; undefined where it is from another. */
export function recordKeyOf({ foundBy, name, version, qualifiers }: Package): string | undefined {
  if (foundBy === 'apk') return keyOf(name, version);
  return foundBy === 'rpm' ? keyOf(name, version, qualifiers?.['arch']) : undefined;
}

function keyOf(name: string, version: string | undefined, architecture = ''): string {
  return `${name} ${version ?? ''} ${architecture}`;
}

function apkKeys(bytes: Uint8Array): ReadonlySet<string> {
  return new Set(parseApkInstalled(bytes).records.map(({ fields }) => keyOf(fields.get('P') ?? '', fields.get('V'))));
}

function manifestKeys(bytes: Uint8Array): ReadonlySet<string> {
  const { records } = parseRpmManifest(bytes);
  return new Set(records.map(({ name, version, architecture }) => keyOf(name, version, architecture)));
}

function rpmKeys(bytes: Uint8Array, log?: Uint8Array): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const item of readRpmDatabase(bytes, log)?.items ?? []) {
    const header = 'header' in item ? tryParseRpmHeader(item.header) : undefined;
    const identity =
      header === undefined
        ? undefined
        : rpmIdentity({
            name: header.text(RPM_TAGS.name),
            version: header.text(RPM_TAGS.version),
            release: header.text(RPM_TAGS.release),
            epoch: undefined,
            architecture: header.text(RPM_TAGS.architecture),
            vendor: undefined,
            sourceRpm: undefined,
          });
    if (identity !== undefined) keys.add(keyOf(identity.name, identity.version, identity.architecture));
  }
  return keys;
}
