import { parseErlangTerms, type ErlangTerm } from '../../formats/index.ts';
import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import type { Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { asText, decodeText } from './json-fields.ts';
import { isSharedFolder } from '../shared-folders.ts';
import { readArchivedApplications } from './otp-archive.ts';
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
  /** Folder of `ebin`, without leading slash; of one in an archive, inside it. */
  readonly folder: string;
  /** Path of the resource in the archive that the file is. */
  readonly inside?: string;
  readonly properties: ReadonlyMap<string, ErlangTerm>;
  /** false when no more than its version could be read. */
  readonly isWhole: boolean;
}

/** Properties that name other applications, and how many of them each may name. */
const NEEDS = ['applications', 'included_applications'];
const MAX_NEEDS = 1000;

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
    reads: ['ebin/*.app', 'hex_metadata.config', '*.ez', 'rebar3'],
    licenses: true,
    dependencies: true,
    files: true,
  },
  captures: [
    { id: 'otp/app', suffixes: ['.app'], maxBytes: 1024 * 1024 },
    { id: 'otp/hex', names: ['hex_metadata.config'], maxBytes: 1024 * 1024 },
    { id: 'otp/archive', names: ['rebar3'], suffixes: ['.ez'], maxBytes: 32 * 1024 * 1024 },
  ],
  catalog,
};

function catalog({ view }: CatalogContext): CatalogResult {
  const { report, diagnostics } = createReport('otp');
  const applications: Application[] = [];
  for (const file of view.captured('otp/app')) {
    const item = readApplication({ file, place: file.entry.path, bytes: file.bytes }, report);
    if (item !== undefined) applications.push(item);
  }
  for (const file of view.captured('otp/archive')) applications.push(...readArchive(file, report));
  const find = createFinder(applications);
  return { packages: applications.map((item) => toPackage(view, item, find)), diagnostics };
}

function readArchive(file: CapturedFile, report: Report): readonly Application[] {
  const { path } = file.entry;
  const found = readArchivedApplications(file.bytes);
  // rebar3 may be a script of another kind
  if (found === undefined)
    return path.endsWith('.ez') ? (report('malformed-archive', 'it is no archive', path) ?? []) : [];
  if (!found.isWhole) report('malformed-archive', 'not all applications in it can be read', path);
  return found.applications.flatMap(({ inside, bytes }) => {
    const item = readApplication({ file, place: inside, bytes }, report);
    return item === undefined ? [] : [{ ...item, id: `/${path}:${inside}`, group: splitPath(path).folder, inside }];
  });
}

interface ResourceFile {
  readonly file: CapturedFile;
  /** Its path, in the image or in the archive. */
  readonly place: string;
  readonly bytes: Uint8Array;
}

function readApplication({ file, place, bytes }: ResourceFile, report: Report): Application | undefined {
  const { path } = file.entry;
  const { folder: ebin, name: base } = splitPath(place);
  if (splitPath(ebin).name !== 'ebin') return undefined;
  const text = decodeText(bytes);
  const resource = readResource(text) ?? salvage(text);
  if (resource === undefined) return report('malformed-application', 'it holds no application resource', path);
  const { name, properties, isWhole } = resource;
  if (!NAME.test(name) || base !== `${name}.app`) {
    return report('invalid-name', 'the application is not named as its file', path);
  }
  if (!isWhole) report('malformed-application', 'no more than its version can be read', path);
  if (NEEDS.some((key) => itemsOf(properties.get(key)).length >= MAX_NEEDS))
    report('dependencies-incomplete', 'it needs more others than any real application; some edges are missing', path);
  const folder = splitPath(ebin).folder;
  return { id: `/${path}`, name, group: splitPath(folder).folder, file, folder, properties, isWhole };
}

type Resource = Pick<Application, 'name' | 'properties' | 'isWhole'>;

function readResource(text: string): Resource | undefined {
  const [term] = parseErlangTerms(text).terms;
  const [tag, name, list] = term?.kind === 'tuple' ? term.items : [];
  const isOne = tag?.kind === 'atom' && tag.value === 'application' && name?.kind === 'atom' && list?.kind === 'list';
  return isOne ? { name: name.value, properties: keptOf(pairsOf(list)), isWhole: true } : undefined;
}

/** What is used of a resource: all terms of a thousand large ones would need gigabytes. */
function keptOf(all: ReadonlyMap<string, ErlangTerm>): ReadonlyMap<string, ErlangTerm> {
  const kept = new Map<string, ErlangTerm>();
  for (const key of ['vsn', 'description']) {
    const term = all.get(key);
    if (term?.kind === 'string') kept.set(key, term);
  }
  for (const key of NEEDS) {
    const items = itemsOf(all.get(key));
    if (items.length > 0) kept.set(key, { kind: 'list', items: items.slice(0, MAX_NEEDS) });
  }
  return kept;
}

/** What can be told of a resource with a term in it that is not understood. */
function salvage(text: string): Resource | undefined {
  const name = /\{\s{0,64}application\s{0,64},\s{0,64}'?([a-z]\w{0,127})'?\s{0,64},/.exec(text)?.[1];
  const version = /\{\s{0,64}vsn\s{0,64},\s{0,64}"([!#-~]{1,128})"\s{0,64}\}/.exec(text)?.[1];
  if (name === undefined || version === undefined) return undefined;
  return { name, properties: new Map([['vsn', { kind: 'string', value: version }]]), isWhole: false };
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
  const hex = item.inside === undefined ? hexMetadata(view, folder) : undefined;
  const published = hex === undefined ? undefined : asText(textOf(hex.get('name')));
  const needs = NEEDS.flatMap((key) => atomsOf(properties.get(key)));
  const own = splitPath(folder).name;
  const isOwnFolder = (own === name || own.startsWith(`${name}-`)) && !isSharedFolder(folder);
  return {
    type: published === undefined ? 'otp' : 'hex',
    name: (published ?? name).toLowerCase(),
    ...optional('version', plainVersion(textOf(hex?.get('version'))) ?? version),
    locations: [{ ...locationOf(item.file), ...optional('inside', item.inside) }],
    foundBy: 'otp',
    evidence: [
      {
        field: 'purl',
        technique: 'manifest-analysis',
        confidence: item.isWhole ? 1 : 0.7,
        value: published === undefined ? 'application resource' : 'hex_metadata.config',
      },
    ],
    licenses: textsOf(hex?.get('licenses')).map((value) => ({ value })),
    ...optional('description', asText(textOf(properties.get('description')))),
    ...(item.inside === undefined
      ? directoriesOf(view, [isOwnFolder ? folder : pathIn(folder, 'ebin')])
      : archiveOf(item)),
    id: item.id,
    dependsOn: edgesTo(item, needs, find),
  };
}

/** The archive is the one's that it is named after: `plug-1.0.ez` is plug's, and `rebar3` rebar's. */
function archiveOf({ file, name }: Application): { readonly files?: readonly string[] } {
  const base = splitPath(file.entry.path).name.replace(/(?:-\d[^-]{0,64})?\.ez$|3$/, '');
  return base === name ? { files: [`/${file.entry.path}`] } : {};
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
  return itemsOf(term).flatMap((item) => (item.kind === 'atom' ? [item.value] : []));
}

function itemsOf(term: ErlangTerm | undefined): readonly ErlangTerm[] {
  return term?.kind === 'list' ? term.items : [];
}
