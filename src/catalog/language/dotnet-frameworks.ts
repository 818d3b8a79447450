import { compareCodeUnits } from '../../core/index.ts';
import type { Location, Package } from '../../packages/index.ts';
import { rollForward, type FrameworkReference } from './dotnet-runtime-config.ts';

const FOLDER =
  /^((?:.*\/)?(Microsoft\.(?:NETCore\.App|AspNetCore\.(?:App|All)|WindowsDesktop\.App))\/(\d{1,9}\.\d{1,9}\.\d{1,9}[0-9A-Za-z.-]{0,64}))\/[^/]*$/;
/** Product of the CPE dictionary, since .NET 5 and before. */
const PRODUCTS: ReadonlyMap<string, readonly [now: string, before: string]> = new Map([
  ['Microsoft.NETCore.App', ['.net', '.net_core']],
  ['Microsoft.AspNetCore.App', ['asp.net_core', 'asp.net_core']],
]);

/** A runtime in a folder of its own: its files are no packages of theirs. */
export interface Framework {
  readonly name: string;
  readonly version: string;
  /** Without leading slash. */
  readonly folder: string;
  readonly location: Location;
}

/** The frameworks whose folders files lie in, by folder. @param files without leading slash, sorted */
export function findFrameworks(
  files: Iterable<{ readonly path: string; readonly layer: number }>,
): ReadonlyMap<string, Framework> {
  const found = new Map<string, Framework>();
  for (const { path, layer } of files) {
    const [, folder, name, version] = FOLDER.exec(path) ?? [];
    if (folder === undefined || name === undefined || version === undefined) continue;
    const location = { path: `/${path}`, layer };
    const known = found.get(folder);
    // the list of its libraries is the better evidence
    if (known === undefined || (path.endsWith('.deps.json') && !known.location.path.endsWith('.deps.json')))
      found.set(folder, { name, version, folder, location });
  }
  return found;
}

export function frameworkId(folder: string): string {
  return `framework ${folder}`;
}

/**
 * Its version is that of its folder, by which programs find it: the list of .NET Core 3 names the build (`3.1.23-servicing.22122.4`).
 * @param identity the runtime's own package, where its list of libraries names it
 */
export function frameworkPackage(
  framework: Framework,
  identity: string | undefined,
  dependsOn: readonly string[],
): Package {
  const { name, version, folder, location } = framework;
  const cpes = frameworkCpes(name, version);
  return {
    type: 'nuget',
    // without the list it is not known for which platform the runtime is, and each has a package of its own
    ...(identity === undefined ? { name, purlKnown: false } : { name: identity }),
    version,
    locations: [location],
    foundBy: 'dotnet',
    evidence: [
      identity === undefined
        ? { field: 'name', technique: 'filename', confidence: 0.9, value: `folder /${folder}` }
        : { field: 'purl', technique: 'manifest-analysis', confidence: 1, value: `library in ${location.path}` },
    ],
    licenses: [],
    ...(cpes.length === 0 ? {} : { cpes }),
    kind: 'framework',
    directories: [`/${folder}`],
    properties: { 'dotnet:framework': name },
    id: frameworkId(folder),
    dependsOn: dependsOn.toSorted(compareCodeUnits),
  };
}

export function frameworkCpes(name: string, version: string): readonly string[] {
  const products = PRODUCTS.get(name);
  if (products === undefined || !/^\d+\.\d+\.\d+$/.test(version)) return [];
  const product = Number.parseInt(version, 10) >= 5 ? products[0] : products[1];
  return [`cpe:2.3:a:microsoft:${product}:${version}:*:*:*:*:*:*:*`];
}

/** Finds the installed frameworks that settings ask for. */
export function frameworkResolver(
  frameworks: Iterable<Framework>,
): (wanted: readonly FrameworkReference[]) => readonly string[] {
  const installed = new Map<string, Map<string, string>>();
  for (const { name, version, folder } of frameworks) {
    const versions = installed.get(name) ?? new Map<string, string>();
    installed.set(name, versions);
    if (!versions.has(version)) versions.set(version, frameworkId(folder));
  }
  return (wanted) =>
    wanted.flatMap(({ name, version }) => {
      const versions = installed.get(name);
      const chosen = versions === undefined ? undefined : rollForward(version, [...versions.keys()]);
      const id = chosen === undefined ? undefined : versions?.get(chosen);
      return id === undefined ? [] : [id];
    });
}
