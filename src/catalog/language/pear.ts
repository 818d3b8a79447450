import { compareCodeUnits } from '../../core/index.ts';
import { tryParsePhpSerialized, type PhpArray, type PhpValue } from '../../formats/index.ts';
import type { CapturedFile } from '../../filesystem/index.ts';
import type { Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { createOwnedPaths, type OwnedPaths } from '../os/owned-paths.ts';
import { asText } from './json-fields.ts';
import {
  createFinder,
  createReport,
  edgesTo,
  locationOf,
  optional,
  plainVersion,
  type Named,
  type Report,
} from './record.ts';

const MiB = 1024 * 1024;
const NAME = /^[A-Za-z][A-Za-z0-9_.]{0,255}$/;
const CHANNEL = /^[a-z0-9][a-z0-9.-]{0,252}$/i;
const DEFAULT_CHANNEL = 'pear.php.net';

interface Registered extends Named {
  readonly file: CapturedFile;
  readonly record: PhpArray;
  readonly displayName: string;
  readonly channel: string;
}

/** PEAR packages and PECL extensions. */
export const pearCataloger: Cataloger = {
  id: 'pear',
  title: 'PHP packages (PEAR and PECL)',
  version: 1,
  specifications: ['https://pear.php.net/manual/en/guide.developers.package2.php'],
  statement: {
    packageTypes: ['pear'],
    reads: ['.registry/*.reg', '.registry/.channel.*/*.reg'],
    licenses: true,
    dependencies: true,
    files: true,
  },
  captures: [{ id: 'pear/registry', suffixes: ['.reg'], maxBytes: 4 * MiB }],
  catalog,
};

function catalog({ view, languageFiles }: CatalogContext): CatalogResult {
  const { report, diagnostics } = createReport('pear');
  const registered: Registered[] = [];
  for (const file of view.captured('pear/registry')) {
    const item = readRegistered(file, report);
    if (item !== undefined) registered.push(item);
  }
  const find = createFinder(registered);
  const paths = languageFiles === false ? undefined : createOwnedPaths(view, '');
  return { packages: registered.map((item) => toPackage(item, find, paths)), diagnostics };
}

function readRegistered(file: CapturedFile, report: Report): Registered | undefined {
  const { path } = file.entry;
  const place = /^(?:(.*)\/)?\.registry\/(?:\.channel\.([^/]+)\/)?[^/]+$/.exec(path);
  if (place === null) return undefined;
  const record = tryParsePhpSerialized(file.bytes);
  if (!isArray(record)) return report('malformed-registry', 'it is not an array of PHP', path);
  const name = textOf(record, 'name') ?? textOf(record, 'package');
  if (name === undefined || !NAME.test(name)) return report('invalid-name', 'no name of a package can be read', path);
  const channel = (textOf(record, 'channel') ?? place[2] ?? DEFAULT_CHANNEL).toLowerCase();
  return {
    id: `/${path}`,
    name: `${channel}/${name.toLowerCase()}`,
    group: place[1] ?? '',
    file,
    record,
    displayName: name,
    channel,
  };
}

function toPackage(
  item: Registered,
  find: (group: string, name: string) => Registered | undefined,
  paths: OwnedPaths | undefined,
): Package {
  const { record, channel } = item;
  const version = record.get('version');
  const files = paths?.onDisk([item.file.entry.path, ...installedFiles(record)]) ?? [];
  return {
    type: 'pear',
    namespace: channel,
    name: item.displayName,
    ...optional('version', plainVersion(isArray(version) ? textOf(version, 'release') : textValue(version))),
    ...(CHANNEL.test(channel) ? {} : { purlKnown: false }),
    locations: [locationOf(item.file)],
    foundBy: 'pear',
    evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 1, value: 'PEAR registry' }],
    licenses: licensesOf(record),
    ...optional('author', leadOf(record)),
    ...optional('description', textOf(record, 'summary')),
    ...(files.length === 0 ? {} : { files }),
    id: item.id,
    dependsOn: edgesTo(item, needsOf(record), find),
  };
}

function licensesOf(record: PhpArray): Package['licenses'] {
  const license = record.get('license') ?? record.get('release_license');
  const text = isArray(license) ? textOf(license, '_content') : textValue(license);
  return text === undefined ? [] : [{ value: text }];
}

function leadOf(record: PhpArray): string | undefined {
  const lead = record.get('lead');
  const first = isArray(lead) && isArray(lead.get('0')) ? lead.get('0') : lead;
  if (!isArray(first)) return undefined;
  const name = textOf(first, 'name');
  const email = textOf(first, 'email');
  return name === undefined || email === undefined ? (name ?? email) : `${name} <${email}>`;
}

/** Where each listed file was put, as the registry wrote it. */
function installedFiles(record: PhpArray): readonly string[] {
  const list = record.get('filelist');
  if (!isArray(list)) return [];
  return [...list.values()]
    .map((file) => (isArray(file) ? textOf(file, 'installed_as') : undefined))
    .filter((path) => path?.startsWith('/') === true && !path.split('/').includes('..'))
    .map((path) => path ?? '')
    .toSorted(compareCodeUnits);
}

/** Required packages, as `channel/name`. */
function needsOf(record: PhpArray): readonly string[] {
  const dependencies = record.get('dependencies');
  const required = isArray(dependencies) ? dependencies.get('required') : undefined;
  const listed = isArray(required) ? required.get('package') : undefined;
  if (!isArray(listed)) return [];
  const packages = listed.has('name') ? [listed] : [...listed.values()];
  return packages.filter(isArray).map((item) => {
    const channel = textOf(item, 'channel') ?? DEFAULT_CHANNEL;
    return `${channel}/${textOf(item, 'name') ?? ''}`.toLowerCase();
  });
}

function isArray(value: PhpValue | undefined): value is PhpArray {
  return value instanceof Map;
}

function textOf(array: PhpArray, key: string): string | undefined {
  return textValue(array.get(key));
}

function textValue(value: PhpValue | undefined): string | undefined {
  return asText(typeof value === 'number' ? String(value) : value);
}
