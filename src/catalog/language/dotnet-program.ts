import { compareCodeUnits } from '../../core/index.ts';
import type { IdentityEvidence, Location, Package } from '../../packages/index.ts';
import type { DepsFile, DepsLibrary } from './dotnet-deps.ts';

/** A program's list of libraries and what is known around it. */
export interface DotnetProgram {
  /** The list's name without `.deps.json`: the program's own library. */
  readonly name: string;
  readonly deps: DepsFile;
  readonly location: Location;
  /** Ids of installed frameworks that its settings ask for. */
  readonly frameworks: readonly string[];
  /** Those of a library's files that are there, absolute. */
  readonly present: (files: readonly string[]) => readonly string[];
  /** Files of the program itself, absolute. */
  readonly own: readonly string[];
}

/** Tools that copy libraries into others, so that no file of theirs remains; then every listed package counts. */
const MERGERS: ReadonlySet<string> = new Set([
  'ilrepack',
  'ilrepack.lib',
  'ilrepack.lib.msbuild.task',
  'ilmerge',
  'ilmerge.msbuild.task',
  'msbuild.ilmerge.task',
  'costura.fody',
  'fody',
  'libz.tool',
  'netz',
]);

/** Packages of one program: those that brought files, directly or by what they need, the runtime it carries, and the program itself. */
export function programPackages(program: DotnetProgram): readonly Package[] {
  const { libraries } = program.deps;
  const kept = keptLibraries(program);
  const edges = edgesAmong(libraries, kept);
  const idOf = (key: string): string => libraryId(program.location, key);
  // a forged list may name itself in many versions: what is the program's own goes to one of them
  const root = [...kept].find((key) => isRootOf(program, libraries.get(key)!));
  return [...kept].map((key) => {
    const library = libraries.get(key)!;
    const isRoot = isRootOf(program, library);
    const own = key === root ? [...program.own, ...projectFiles(program)] : [];
    const dependsOn = [...edges.get(key)!].map(idOf);
    if (isRoot) dependsOn.push(...program.frameworks);
    const place = { id: idOf(key), isRoot, own, dependsOn: dependsOn.toSorted(compareCodeUnits) };
    return libraryPackage(program, library, place);
  });
}

export function libraryId({ path, inside = '' }: Location, key: string): string {
  return `${path}:${inside}#${key}`;
}

export function isRootOf({ name }: Pick<DotnetProgram, 'name'>, library: DepsLibrary): boolean {
  return library.type === 'project' && library.name.toLowerCase() === name.toLowerCase();
}

function keptLibraries(program: DotnetProgram): ReadonlySet<string> {
  const { libraries } = program.deps;
  const all = [...libraries.values()];
  const isMerged = all.some(({ name }) => MERGERS.has(name.toLowerCase()));
  const claiming = isMerged ? undefined : claimingLibraries(libraries);
  const kept = all.filter((library) => {
    if (library.type === 'project') return isRootOf(program, library);
    if (library.type === 'runtimepack') return true;
    if (library.type === 'referenceassembly' && library.isBareReference) return false;
    const isPackage = library.type === 'package' || library.type === 'referenceassembly';
    return isPackage && (claiming === undefined || claiming.has(library.key));
  });
  return new Set(kept.map(({ key }) => key));
}

/** Libraries with files, and those that need one of them: upwards from the files, so that each edge is seen once. */
function claimingLibraries(libraries: ReadonlyMap<string, DepsLibrary>): ReadonlySet<string> {
  const parents = new Map<string, string[]>();
  for (const { key, dependencies } of libraries.values()) {
    for (const target of dependencies) {
      const list = parents.get(target);
      if (list) list.push(key);
      else parents.set(target, [key]);
    }
  }
  const claiming = new Set([...libraries.values()].filter(({ files }) => files.length > 0).map(({ key }) => key));
  // a set that grows while it is walked is walked to its new end
  for (const key of claiming) for (const parent of parents.get(key) ?? []) claiming.add(parent);
  return claiming;
}

/** Far above real programs; each left-out library may be passed through from each kept one. */
const MAX_STEPS = 2_000_000;

/** Edges between kept libraries; through one that is left out (another project) lead the edges of what it needs. */
function edgesAmong(
  libraries: ReadonlyMap<string, DepsLibrary>,
  kept: ReadonlySet<string>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const edges = new Map<string, ReadonlySet<string>>();
  let steps = MAX_STEPS;
  for (const key of kept) {
    const targets = new Set<string>();
    const seen = new Set([key]);
    for (const passed of seen) {
      for (const target of libraries.get(passed)?.dependencies ?? []) {
        steps -= 1;
        if (steps < 0) break;
        if (kept.has(target)) targets.add(target);
        else seen.add(target);
      }
    }
    targets.delete(key);
    edges.set(key, targets);
  }
  return edges;
}

/** What the other projects that the program was built from brought: no packages, but its own parts; with what debuggers read. */
function projectFiles({ deps, present }: DotnetProgram): readonly string[] {
  const projects = [...deps.libraries.values()].filter(({ type }) => type === 'project');
  return projects.flatMap(({ files }) =>
    present([...files, ...files.map((file) => file.replace(/\.(?:dll|exe)$/i, '.pdb'))]),
  );
}

function libraryPackage(
  program: DotnetProgram,
  library: DepsLibrary,
  place: {
    readonly id: string;
    readonly isRoot: boolean;
    readonly own: readonly string[];
    readonly dependsOn: readonly string[];
  },
): Package {
  const { location } = program;
  const isRuntime = library.type === 'runtimepack';
  const files = [...program.present(library.files), ...place.own];
  return {
    type: 'nuget',
    name: isRuntime ? library.name.replace(/^runtimepack\./i, '') : library.name,
    version: library.version,
    // a project may have the name of a published package: it is not known to be that one
    ...(place.isRoot ? { qualifiers: { source: 'project' }, purlKnown: false, firstParty: true } : {}),
    locations: [location],
    foundBy: 'dotnet',
    evidence: [libraryEvidence(library, isRuntime || location.inside !== undefined || files.length > 0)],
    licenses: [],
    ...(library.sha512 === undefined ? {} : { distributionHashes: [{ algorithm: 'SHA-512', hex: library.sha512 }] }),
    ...(isRuntime ? { kind: 'framework' as const } : {}),
    ...(files.length === 0 ? {} : { files: [...new Set(files)].toSorted(compareCodeUnits) }),
    id: place.id,
    dependsOn: place.dependsOn,
  };
}

/** A list may name files that were left out of the image, or cut away by a trimmer. */
function libraryEvidence({ key, files }: DepsLibrary, isThere: boolean): IdentityEvidence {
  const evidence = { field: 'purl', technique: 'manifest-analysis' } as const;
  if (isThere || files.length === 0) return { ...evidence, confidence: 1, value: `library ${key}` };
  return { ...evidence, confidence: 0.6, value: `library ${key}, of whose files none is there` };
}
