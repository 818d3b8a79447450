import { compareCodeUnits, parseBoundedJson } from '../../core/index.ts';
import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import type { Package } from '../../packages/index.ts';
import { asObject, asText, decodeText } from './json-fields.ts';
import { withoutPeers, yarnAddress } from './npm-origins.ts';
import { isNpmFolder, npmSource } from './npm-source.ts';
import { joinPath } from './python-files.ts';
import { locationOf, pathIn, splitPath } from './record.ts';

/** What a Plug'n'Play map says: Yarn leaves packages in archives and writes down which is whose. */
export interface PnpMap {
  readonly packages: readonly Package[];
  /** By folder of a project or workspace (without leading slash): ids of what it needs, by the names that it has for them. */
  readonly needs: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** By id of a package that lies in a folder: that folder, without leading slash. */
  readonly unplugged: ReadonlyMap<string, string>;
  /** It lists more than any real project needs; the rest was not read. */
  readonly truncated: boolean;
}

interface Item {
  readonly name: string;
  /** `npm:1.2.3`, `virtual:<hash>#npm:1.2.3`, `workspace:packages/a`; null for the project itself. */
  readonly reference: string | null;
  readonly location: string;
  readonly dependencies: readonly Dependency[];
}

interface Dependency {
  /** What the package that needs it calls it. */
  readonly alias: string;
  readonly name: string;
  readonly reference: string;
}

const NAME = /^(?:@[\w.-]+\/)?[\w.-]+$/;
const MAX_ITEMS = 100_000;

/**
 * Reads `.pnp.cjs` (its data only; nothing is run) or `.pnp.data.json`. Hostile input; never throws.
 * @returns undefined when it holds no map
 * @see https://yarnpkg.com/advanced/pnp-spec
 */
export function readPnpMap(view: FileView, file: CapturedFile): PnpMap | undefined {
  const { folder, name } = splitPath(file.entry.path);
  const text = decodeText(file.bytes);
  const data = name.endsWith('.json') ? text : inlinedData(text);
  let json: unknown;
  try {
    json = data === undefined ? undefined : parseBoundedJson(data);
  } catch {
    return undefined;
  }
  const registry = asObject(json)?.['packageRegistryData'];
  if (!Array.isArray(registry)) return undefined;
  const { items, truncated } = readItems(registry as unknown[]);
  const ids = new Map<string, string>();
  for (const item of items) {
    const key = keyOf(item);
    if (key !== undefined && isOnDisk(view, folder, item)) ids.set(key, `/${file.entry.path}#${key}`);
  }
  return assemble({ view, file, folder, items, ids, truncated });
}

interface Parts {
  readonly view: FileView;
  readonly file: CapturedFile;
  readonly folder: string;
  readonly items: readonly Item[];
  readonly ids: ReadonlyMap<string, string>;
  readonly truncated: boolean;
}

function assemble({ view, file, folder, items, ids, truncated }: Parts): PnpMap {
  const packages = new Map<string, Package>();
  const needs = new Map<string, ReadonlyMap<string, string>>();
  const unplugged = new Map<string, string>();
  const workspaces = new Map(
    items
      .filter(isWorkspace)
      .map(({ name, reference, location }) => [`${name}@${reference}`, joinPath(folder, location)]),
  );
  for (const item of items) {
    const targets = item.dependencies.flatMap((dependency): readonly (readonly [string, string])[] => {
      const target = ids.get(keyOf(dependency) ?? '');
      if (target !== undefined) return [[dependency.alias, target]];
      const workspace = workspaces.get(`${dependency.name}@${withoutPeers(dependency.reference)}`);
      return workspace === undefined ? [] : [[dependency.alias, `/${workspace}`]];
    });
    const id = ids.get(keyOf(item) ?? '');
    if (id !== undefined) {
      const known = packages.get(id) ?? toPackage({ view, file, folder }, item, id);
      const merged = new Set(
        [...known.dependsOn, ...targets.map(([, target]) => target)].filter((target) => target !== id),
      );
      if (archiveOf(view, folder, item) === undefined) unplugged.set(id, joinPath(folder, item.location));
      packages.set(id, { ...known, dependsOn: [...merged].toSorted(compareCodeUnits) });
    } else if (item.reference === null || isWorkspace(item)) {
      const place = joinPath(folder, item.location);
      // a workspace and what stands for it where it has peers lie in one folder
      needs.set(place, new Map([...(needs.get(place) ?? []), ...targets]));
    }
  }
  return { packages: [...packages.values()], needs, unplugged, truncated };
}

function isWorkspace({ reference }: Item): boolean {
  return reference !== null && withoutPeers(reference).startsWith('workspace:');
}

/** The JSON that the loader keeps in one quoted string over many lines. */
function inlinedData(text: string): string | undefined {
  const start = /const RAW_RUNTIME_STATE =\s*'/.exec(text.slice(0, 4096));
  if (start === null) return undefined;
  const from = start.index + start[0].length;
  const end = text.indexOf("';\n", from);
  return end === -1 ? undefined : text.slice(from, end).replaceAll(/\\(?:\r?\n|([^]))/g, '$1');
}

function readItems(registry: readonly unknown[]): { readonly items: readonly Item[]; readonly truncated: boolean } {
  const items: Item[] = [];
  for (const group of registry) {
    const [name, stored] = Array.isArray(group) ? (group as unknown[]) : [];
    for (const pair of Array.isArray(stored) ? (stored as unknown[]) : []) {
      const [reference, value] = Array.isArray(pair) ? (pair as unknown[]) : [];
      const location = asText(asObject(value)?.['packageLocation']);
      if (location === undefined) continue;
      if (items.length >= MAX_ITEMS) return { items, truncated: true };
      items.push({
        name: asText(name) ?? '',
        reference: typeof reference === 'string' ? reference : null,
        location,
        dependencies: dependenciesOf(asObject(value)?.['packageDependencies']),
      });
    }
  }
  return { items, truncated: false };
}

/** `[name, reference]`, or `[alias, [name, reference]]`. */
function dependenciesOf(value: unknown): readonly Dependency[] {
  const found: Dependency[] = [];
  for (const item of Array.isArray(value) ? (value as unknown[]) : []) {
    const [alias, target] = Array.isArray(item) ? (item as unknown[]) : [];
    const [name, reference] = Array.isArray(target) ? (target as unknown[]) : [alias, target];
    if (typeof alias === 'string' && typeof name === 'string' && typeof reference === 'string')
      found.push({ alias, name, reference });
  }
  return found;
}

/** Name and version, or where it is from; undefined for workspaces and for names that no package has. */
function keyOf({ name, reference }: Pick<Item, 'name' | 'reference'>): string | undefined {
  if (reference === null || name.length > 214 || !NAME.test(name)) return undefined;
  const which = npmVersion(reference) ?? yarnAddress(withoutPeers(reference));
  return which === undefined ? undefined : `${name}@${which}`;
}

/** Of what comes from a registry, patched or not. */
function npmVersion(reference: string): string | undefined {
  const real = withoutPeers(reference);
  const plain = /^npm:(\d[\w.+-]{0,127})$/.exec(real)?.[1];
  return plain ?? /^patch:[^#]{1,512}npm%3A(\d[\w.+-]{0,127})#/.exec(real)?.[1];
}

function isOnDisk(view: FileView, folder: string, item: Item): boolean {
  return archiveOf(view, folder, item) !== undefined || view.resolve(joinPath(folder, item.location)) !== undefined;
}

/** The zip archive a package lies in. Virtual places stand for real ones: `.yarn/__virtual__/<name>/<levels up>/<rest>`. */
function archiveOf(view: FileView, folder: string, item: Item) {
  const virtual = /^(.*?)(?:\.yarn\/)?(?:__virtual__|\$\$virtual)\/[^/]+\/(\d{1,2})\/(.*)$/s.exec(item.location);
  const base = virtual === null ? folder : pathIn(folder, `${virtual[1] ?? ''}.yarn`);
  const rest = virtual === null ? item.location : `${'../'.repeat(Number(virtual[2]))}${virtual[3] ?? ''}`;
  const at = rest.indexOf('.zip/');
  const entry = at === -1 ? undefined : view.resolve(joinPath(base, rest.slice(0, at + '.zip'.length)));
  return entry?.type === 'file' ? entry : undefined;
}

function toPackage({ view, file, folder }: Pick<Parts, 'view' | 'file' | 'folder'>, item: Item, id: string): Package {
  const slash = item.name.indexOf('/');
  const archive = archiveOf(view, folder, item);
  const inside =
    archive === undefined ? undefined : item.location.slice(item.location.lastIndexOf('.zip/') + '.zip/'.length);
  const place =
    archive === undefined
      ? []
      : [{ path: `/${archive.path}`, inside: `${inside ?? ''}package.json`, layer: archive.layer }];
  const version = npmVersion(item.reference ?? '');
  const resolved = version === undefined ? yarnAddress(withoutPeers(item.reference ?? '')) : undefined;
  return {
    type: 'npm',
    ...(slash === -1 ? {} : { namespace: item.name.slice(0, slash) }),
    name: item.name.slice(slash + 1),
    // of what is from elsewhere only the manifest in the archive has it
    ...(version === undefined ? {} : { version }),
    ...npmSource(resolved),
    ...(isNpmFolder(resolved) ? { firstParty: true } : {}),
    // a file of the machine: no registry knows it, nor anybody the version
    ...(resolved?.startsWith('file:') === true ? { purlKnown: false } : {}),
    locations: [...place, locationOf(file)].toSorted((a, b) => compareCodeUnits(a.path, b.path)),
    foundBy: 'npm',
    evidence: [
      { field: 'purl', technique: 'manifest-analysis', confidence: 1, value: splitPath(file.entry.path).name },
    ],
    licenses: [],
    ...(item.reference?.includes('patch:') === true ? { properties: { 'npm:patched': 'true' } } : {}),
    ...(archive === undefined ? {} : { files: [`/${archive.path}`] }),
    id,
    dependsOn: [],
  };
}
