import { parseErlangTerms, type ErlangTerm } from '../../formats/index.ts';
import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import type { Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { asText, decodeText } from './json-fields.ts';
import { isSharedFolder } from '../shared-folders.ts';
import {
  createFinder,
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

const NAME = /^[a-z][a-zA-Z0-9_@]{0,127}$/;

interface Application extends Named {
  readonly file: CapturedFile;
  /** Folder of `ebin`, without leading slash. */
  readonly folder: string;
  readonly properties: ReadonlyMap<string, ErlangTerm>;
}

/** Erlang and Elixir applications, in OTP, in releases and in build folders. */
export const otpCataloger: Cataloger = {
  id: 'otp',
  title: 'Erlang and Elixir applications',
  version: 2,
  specifications: [
    'https://www.erlang.org/doc/apps/kernel/app.html',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/otp-definition.md',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/hex-definition.md',
  ],
  statement: {
    packageTypes: ['otp', 'hex'],
    reads: ['ebin/*.app', 'hex_metadata.config'],
    licenses: true,
    dependencies: true,
    files: false,
  },
  captures: [
    { id: 'otp/app', suffixes: ['.app'], maxBytes: 1024 * 1024 },
    { id: 'otp/hex', names: ['hex_metadata.config'], maxBytes: 1024 * 1024 },
  ],
  catalog,
};

function catalog({ view }: CatalogContext): CatalogResult {
  const { report, diagnostics } = createReport('otp');
  const applications: Application[] = [];
  for (const file of view.captured('otp/app')) {
    const item = readApplication(file, report);
    if (item !== undefined) applications.push(item);
  }
  const find = createFinder(applications);
  return { packages: applications.map((item) => toPackage(view, item, find)), diagnostics };
}

function readApplication(file: CapturedFile, report: Report): Application | undefined {
  const { path } = file.entry;
  const { folder: ebin, name: base } = splitPath(path);
  if (splitPath(ebin).name !== 'ebin') return undefined;
  const [term] = parseErlangTerms(decodeText(file.bytes)).terms;
  const [tag, name, list] = term?.kind === 'tuple' ? term.items : [];
  if (tag?.kind !== 'atom' || tag.value !== 'application' || name?.kind !== 'atom' || list?.kind !== 'list') {
    return report('malformed-application', 'it holds no application resource', path);
  }
  if (!NAME.test(name.value) || base !== `${name.value}.app`) {
    return report('invalid-name', 'the application is not named as its file', path);
  }
  const folder = splitPath(ebin).folder;
  return {
    id: `/${path}`,
    name: name.value,
    group: splitPath(folder).folder,
    file,
    folder,
    properties: pairsOf(list),
  };
}

/** `[{Key, Value}]` by key. */
function pairsOf(list: ErlangTerm): ReadonlyMap<string, ErlangTerm> {
  const pairs = new Map<string, ErlangTerm>();
  for (const item of list.kind === 'list' ? list.items : []) {
    const [key, value] = item.kind === 'tuple' ? item.items : [];
    if (key !== undefined && 'value' in key && value !== undefined) pairs.set(String(key.value), value);
  }
  return pairs;
}

function toPackage(
  view: FileView,
  item: Application,
  find: (group: string, name: string) => Application | undefined,
): Package {
  const { properties, folder, name } = item;
  const vsn = plainVersion(textOf(properties.get('vsn')));
  // what a build was to put there, and did not
  const version = vsn?.startsWith('%') === true || vsn === 'git' ? undefined : vsn;
  const hex = hexMetadata(view, folder);
  const published = hex === undefined ? undefined : asText(textOf(hex.get('name')));
  const needs = ['applications', 'included_applications'].flatMap((key) => atomsOf(properties.get(key)));
  const own = splitPath(folder).name;
  const isOwnFolder = (own === name || own.startsWith(`${name}-`)) && !isSharedFolder(folder);
  return {
    type: published === undefined ? 'otp' : 'hex',
    name: (published ?? name).toLowerCase(),
    ...optional('version', plainVersion(textOf(hex?.get('version'))) ?? version),
    locations: [locationOf(item.file)],
    foundBy: 'otp',
    evidence: [
      {
        field: 'purl',
        technique: 'manifest-analysis',
        confidence: 1,
        value: published === undefined ? 'application resource' : 'hex_metadata.config',
      },
    ],
    licenses: textsOf(hex?.get('licenses')).map((value) => ({ value })),
    ...optional('description', asText(textOf(properties.get('description')))),
    ...directoriesOf(view, [isOwnFolder ? folder : pathIn(folder, 'ebin')]),
    id: item.id,
    dependsOn: edgesTo(item, needs, find),
  };
}

/** What the package index knew, where the build tool left it beside the application. */
function hexMetadata(view: FileView, folder: string): ReadonlyMap<string, ErlangTerm> | undefined {
  const bytes = view.read(pathIn(folder, 'hex_metadata.config'));
  if (bytes === undefined) return undefined;
  const { terms } = parseErlangTerms(decodeText(bytes));
  return pairsOf({ kind: 'list', items: terms });
}

function textOf(term: ErlangTerm | undefined): string | undefined {
  return term?.kind === 'string' ? term.value : undefined;
}

function textsOf(term: ErlangTerm | undefined): readonly string[] {
  const items = term?.kind === 'list' ? term.items.slice(0, 64) : [];
  return items.map((item) => asText(textOf(item))).filter((text) => text !== undefined);
}

function atomsOf(term: ErlangTerm | undefined): readonly string[] {
  const items = term?.kind === 'list' ? term.items : [];
  return items.flatMap((item) => (item.kind === 'atom' ? [item.value] : []));
}
