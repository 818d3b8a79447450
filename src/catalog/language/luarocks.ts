import { parseLuaData, type LuaTable, type LuaValue } from '../../formats/index.ts';
import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import type { Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { createOwnedPaths, type OwnedPaths } from '../os/owned-paths.ts';
import { asText, decodeText, publicUrl } from './json-fields.ts';
import {
  createFinder,
  createReport,
  directoriesOf,
  edgesTo,
  locationOf,
  optional,
  pathIn,
  splitPath,
  type Named,
  type Report,
} from './record.ts';

const NAME = /^[a-z0-9][a-z0-9_.-]{0,127}$/i;
const VERSION = /^[a-z0-9][a-z0-9.-]{0,60}-\d{1,9}$/i;
/** `<tree>/lib/luarocks/rocks-5.4/<name>/<version>/<name>-<version>.rockspec`; Fedora's `lib` is `lib64` */
const PLACE = /^(?:(.*)\/)?lib(?:64)?\/luarocks\/rocks(?:-(\d[\d.]{0,15}))?\/([^/]+)\/([^/]+)\/([^/]+)\.rockspec$/;
const MAX_FILES = 100_000;

interface Rock extends Named {
  readonly file: CapturedFile;
  readonly version: string;
  /** Folder of the rock's record, without leading slash. */
  readonly folder: string;
  /** What `bin`, `share` and `lib` lie in. */
  readonly tree: string;
  readonly luaVersion: string | undefined;
  readonly spec: ReadonlyMap<string, LuaValue>;
}

/** Lua modules that LuaRocks installed. */
export const luarocksCataloger: Cataloger = {
  id: 'luarocks',
  title: 'Lua rocks',
  version: 2,
  specifications: [
    'https://github.com/luarocks/luarocks/blob/main/docs/rockspec_format.md',
    'https://github.com/package-url/purl-spec/blob/main/types-doc/luarocks-definition.md',
  ],
  statement: {
    packageTypes: ['luarocks'],
    reads: ['lib/luarocks/rocks-*/*/*/*.rockspec', 'rock_manifest'],
    licenses: true,
    dependencies: true,
    files: true,
  },
  captures: [
    { id: 'luarocks/rockspec', suffixes: ['.rockspec'], maxBytes: 256 * 1024 },
    { id: 'luarocks/manifest', names: ['rock_manifest'], maxBytes: 4 * 1024 * 1024 },
  ],
  catalog,
};

function catalog({ view, languageFiles }: CatalogContext): CatalogResult {
  const { report, diagnostics } = createReport('luarocks');
  const rocks: Rock[] = [];
  for (const file of view.captured('luarocks/rockspec')) {
    const rock = readRock(file, report);
    if (rock !== undefined) rocks.push(rock);
  }
  const find = createFinder(rocks);
  const paths = languageFiles === false ? undefined : createOwnedPaths(view, '');
  return { packages: rocks.map((rock) => toPackage(view, rock, { find, paths })), diagnostics };
}

/** Name and version are those of the folders, where LuaRocks looks for them; the rockspec must agree. */
function readRock(file: CapturedFile, report: Report): Rock | undefined {
  const { path } = file.entry;
  const place = PLACE.exec(path);
  if (place === null) return undefined;
  const [, tree = '', luaVersion, name = '', version = '', base] = place;
  if (base !== `${name}-${version}` || !NAME.test(name) || !VERSION.test(version)) {
    return report('invalid-name', 'the rockspec is not named as its folders', path);
  }
  const { variables: spec } = parseLuaData(decodeText(file.bytes));
  const stated = asText(spec.get('package'));
  if (stated === undefined)
    report('malformed-rockspec', 'it names no package; only the name of the file is known', path);
  else if (stated.toLowerCase() !== name.toLowerCase()) {
    return report('invalid-name', 'the rockspec names another package than its folder', path);
  }
  const folder = splitPath(path).folder;
  return {
    id: `/${path}`,
    name: name.toLowerCase(),
    group: splitPath(splitPath(folder).folder).folder,
    file,
    version,
    folder,
    tree,
    luaVersion,
    spec,
  };
}

interface Surroundings {
  readonly find: (group: string, name: string) => Rock | undefined;
  readonly paths: OwnedPaths | undefined;
}

function toPackage(view: FileView, rock: Rock, { find, paths }: Surroundings): Package {
  const { spec } = rock;
  const description = tableOf(spec.get('description'));
  const license = asText(description?.fields.get('license'));
  const source = asText(tableOf(spec.get('source'))?.fields.get('url'));
  const files = paths?.onDisk(deployedFiles(view, rock)) ?? [];
  const needs = (tableOf(spec.get('dependencies'))?.items ?? []).map(
    (item) => (typeof item === 'string' ? /^\s*([\w.-]+)/.exec(item)?.[1] : undefined)?.toLowerCase() ?? '',
  );
  return {
    type: 'luarocks',
    name: rock.name,
    version: rock.version,
    locations: [locationOf(rock.file)],
    foundBy: 'luarocks',
    evidence: [
      spec.has('package')
        ? { field: 'purl', technique: 'manifest-analysis', confidence: 1, value: 'rockspec' }
        : { field: 'purl', technique: 'filename', confidence: 0.8, value: 'rockspec' },
    ],
    licenses: license === undefined ? [] : [{ value: license }],
    ...optional('author', asText(description?.fields.get('maintainer'))),
    ...optional('description', asText(description?.fields.get('summary'))),
    ...optional('homepage', publicUrl(asText(description?.fields.get('homepage')))),
    ...optional('downloadUrl', publicUrl(source)),
    ...directoriesOf(view, [rock.folder]),
    ...(files.length === 0 ? {} : { files }),
    id: rock.id,
    dependsOn: edgesTo(rock, needs, find),
  };
}

/** What was put outside the rock's own folder: modules and programs that `rock_manifest` lists. */
function deployedFiles(view: FileView, { folder, tree, luaVersion }: Rock): readonly string[] {
  const bytes = view.read(pathIn(folder, 'rock_manifest'));
  const manifest =
    bytes === undefined ? undefined : tableOf(parseLuaData(decodeText(bytes)).variables.get('rock_manifest'));
  const version = luaVersion ?? '5.1';
  const places = { lua: `share/lua/${version}`, lib: `lib/lua/${version}`, bin: 'bin' };
  const files: string[] = [];
  for (const [key, place] of [...Object.entries(places), ['lib', `lib64/lua/${version}`] as const]) {
    collect(tableOf(manifest?.fields.get(key)), pathIn(tree, place), files);
  }
  return files;
}

function collect(table: LuaTable | undefined, folder: string, files: string[]): void {
  for (const [name, value] of table?.fields ?? []) {
    if (name === '' || name.split('/').includes('..') || files.length >= MAX_FILES) continue;
    if (typeof value === 'string') files.push(`${folder}/${name}`);
    else collect(tableOf(value), `${folder}/${name}`, files);
  }
}

function tableOf(value: LuaValue): LuaTable | undefined {
  return typeof value === 'object' ? value : undefined;
}
