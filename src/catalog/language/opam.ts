import { tryParseOpamFile, type OpamSection, type OpamValue } from '../../formats/index.ts';
import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import type { ContentHash, Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { createOwnedPaths, type OwnedPaths } from '../os/owned-paths.ts';
import { asText, decodeText, publicUrl } from './json-fields.ts';
import {
  createReport,
  directoriesOf,
  edgesTo,
  locationOf,
  optional,
  pathIn,
  plainVersion,
  splitPath,
  type Named,
  type Report,
} from './record.ts';

const MiB = 1024 * 1024;
/** `<switch>/.opam-switch/packages/<name>.<version>/opam` */
const PLACE = /^(?:(.*)\/)?\.opam-switch\/packages\/([A-Za-z0-9_+-]{1,128})\.([^/]{1,128})\/opam$/;
const HASHES = { md5: ['MD5', 32], sha256: ['SHA-256', 64], sha512: ['SHA-512', 128] } as const;

interface Installed extends Named {
  readonly file: CapturedFile;
  readonly version: string | undefined;
  readonly opam: OpamSection | undefined;
}

/** OCaml packages that opam installed in a switch. */
export const opamCataloger: Cataloger = {
  id: 'opam',
  title: 'OCaml packages (opam)',
  version: 1,
  specifications: [
    'https://opam.ocaml.org/doc/Manual.html#Common-file-format',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/opam-definition.md',
  ],
  statement: {
    packageTypes: ['opam'],
    reads: ['.opam-switch/packages/*/opam', '.opam-switch/install/*.changes'],
    licenses: true,
    dependencies: true,
    files: true,
  },
  captures: [
    { id: 'opam/package', names: ['opam'], maxBytes: MiB },
    { id: 'opam/changes', directories: ['.opam-switch/install'], maxBytes: 16 * MiB },
  ],
  catalog,
};

function catalog({ view, languageFiles }: CatalogContext): CatalogResult {
  const { report, diagnostics } = createReport('opam');
  const installed: Installed[] = [];
  for (const file of view.captured('opam/package')) {
    const item = readInstalled(file, report);
    if (item !== undefined) installed.push(item);
  }
  const byName = new Map(installed.map((item) => [`${item.group}\0${item.name}`, item]));
  const find = (group: string, name: string): Installed | undefined => byName.get(`${group}\0${name}`);
  const paths = languageFiles === false ? undefined : createOwnedPaths(view, '');
  return { packages: installed.map((item) => toPackage(view, item, { find, paths })), diagnostics };
}

function readInstalled(file: CapturedFile, report: Report): Installed | undefined {
  const { path } = file.entry;
  const place = PLACE.exec(path);
  if (place === null) return undefined;
  const [, group = '', name = '', version] = place;
  const opam = tryParseOpamFile(decodeText(file.bytes));
  if (opam === undefined) report('malformed-opam', 'it cannot be read; name and version are those of the folder', path);
  return { id: `/${path}`, name, group, file, version: plainVersion(version), opam };
}

interface Surroundings {
  readonly find: (group: string, name: string) => Installed | undefined;
  readonly paths: OwnedPaths | undefined;
}

function toPackage(view: FileView, item: Installed, { find, paths }: Surroundings): Package {
  const fields = item.opam?.fields;
  const url = item.opam?.sections.get('url')?.[0]?.fields;
  const source = textsOf(url?.get('src') ?? url?.get('archive'))[0];
  const isPinned = source !== undefined && !/^https?:/.test(source);
  const files = paths?.onDisk(changedFiles(view, item)) ?? [];
  return {
    type: 'opam',
    name: item.name,
    ...optional('version', item.version),
    // pinned to a repository or a folder: not what the index calls so
    ...(isPinned ? { purlKnown: false } : {}),
    locations: [locationOf(item.file)],
    foundBy: 'opam',
    evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 1, value: '.opam-switch' }],
    licenses: textsOf(fields?.get('license')).map((value) => ({ value })),
    ...optional('author', textsOf(fields?.get('maintainer'))[0]),
    ...optional('description', textsOf(fields?.get('synopsis'))[0]),
    ...optional('homepage', publicUrl(textsOf(fields?.get('homepage'))[0])),
    ...optional('sourceUrl', publicUrl(textsOf(fields?.get('dev-repo'))[0])),
    ...optional('downloadUrl', isPinned ? undefined : publicUrl(source)),
    ...distributionHashes(textsOf(url?.get('checksum'))),
    ...directoriesOf(view, [splitPath(item.file.entry.path).folder]),
    ...(files.length === 0 ? {} : { files }),
    id: item.id,
    dependsOn: edgesTo(item, namesOf([...(fields?.get('depends') ?? []), ...(fields?.get('depopts') ?? [])]), find),
  };
}

/** Texts of a field: one, or a list. */
function textsOf(values: readonly OpamValue[] | undefined): readonly string[] {
  const items = (values ?? []).flatMap((value) => (value.kind === 'list' ? value.items : [value]));
  return items
    .map((item) => (item.kind === 'string' ? asText(item.value) : undefined))
    .filter((text) => text !== undefined)
    .slice(0, 64);
}

/** Package names of a formula. What is only for tests, documentation or development is left out; what only builds need is not on its way to run. */
function namesOf(values: readonly OpamValue[]): readonly string[] {
  const names: string[] = [];
  values.forEach((value, index) => {
    if (value.kind === 'list' || value.kind === 'group') names.push(...namesOf(value.items));
    const filter = values[index + 1];
    if (value.kind === 'string' && !(filter?.kind === 'filter' && isNotForRunning(filter.items)))
      names.push(value.value);
  });
  return names;
}

function isNotForRunning(items: readonly OpamValue[]): boolean {
  const words = items.map((item) => (item.kind === 'word' ? item.value : ''));
  return words.some(
    (word, index) => /^(?:with-test|with-doc|with-dev-setup|build|dev)$/.test(word) && words[index - 1] !== '!',
  );
}

function distributionHashes(checksums: readonly string[]): { readonly distributionHashes?: readonly ContentHash[] } {
  const hashes: ContentHash[] = [];
  for (const checksum of checksums) {
    const [, kind = '', hex = ''] = /^(md5|sha256|sha512)=([0-9a-f]+)$/i.exec(checksum) ?? [];
    const known = Object.hasOwn(HASHES, kind) ? HASHES[kind as keyof typeof HASHES] : undefined;
    if (known?.[1] === hex.length) hashes.push({ algorithm: known[0], hex: hex.toLowerCase() });
  }
  return hashes.length === 0 ? {} : { distributionHashes: hashes };
}

/** What installing changed in the switch: `added: [ "lib/x/META" {"F:md5"} ]`. */
function changedFiles(view: FileView, { group, name }: Installed): readonly string[] {
  const bytes = view.read(pathIn(group, `.opam-switch/install/${name}.changes`));
  const added = bytes === undefined ? undefined : tryParseOpamFile(decodeText(bytes))?.fields.get('added');
  const own = bytes === undefined ? [] : [pathIn(group, `.opam-switch/install/${name}.changes`)];
  const items = (added ?? []).flatMap((value) => (value.kind === 'list' ? value.items : [value]));
  const listed = items.flatMap((item) => (item.kind === 'string' ? [item.value] : []));
  return [
    ...own,
    ...listed.filter((path) => path !== '' && !path.split('/').includes('..')).map((path) => pathIn(group, path)),
  ];
}
