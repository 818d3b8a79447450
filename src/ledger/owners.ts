import { compareCodeUnits } from '../core/index.ts';
import { KeyMarks } from '../filesystem/index.ts';
import { isInstalledByOs, packagePurl, type Package, type RecordedFile } from '../packages/index.ts';
import type { LedgerOwner } from './types.ts';

export function isOsPackage(pkg: Package | undefined): boolean {
  return pkg !== undefined && isInstalledByOs(pkg);
}

/** Whether a package is a program that was recognised in its file: by a classifier, or by what a compiler put into it. */
export function isProgram(pkg: Package | undefined): boolean {
  return pkg !== undefined && (pkg.foundBy === 'binary' || pkg.type === 'golang' || pkg.type === 'cargo');
}

/** Something a package says of one path. */
export interface Claim {
  /** Index of the package. */
  readonly owner: number;
  readonly recorded: RecordedFile | undefined;
}

/** Number of a path that packages list; -1: none does. */
export type Slot = number;

/**
 * Who owns which path, of all packages of an image. Packages of the operating system come first, then the others, each in the order of their ids; the
 * first that lists a path is its owner. Paths are asked for without leading slash, as views have them: a new string for every file would cost more than
 * all else.
 */
export class Owners {
  readonly #packages: readonly Package[];
  readonly #slots = new Map<string, Slot>();
  readonly #paths: string[] = [];
  readonly #claims: Claim[] = [];
  /** The claims behind the first of a path, where there are any. */
  readonly #others = new Map<Slot, Claim[]>();
  readonly #configuration = new Set<string>();
  readonly #folders = new Map<string, number>();
  readonly #ownFolders = new Map<string, number>();
  readonly #located = new Map<string, number>();
  readonly #state = new Set<string>();
  /** Of all paths that are listed, located or state. */
  readonly #marks = new KeyMarks();
  #folder = '\0';
  #ofFolder = -1;
  #ofOwnFolder = -1;

  constructor(packages: readonly Package[]) {
    this.#packages = packages;
    const order = packages
      .map((pkg, index) => ({ pkg, index }))
      .toSorted((a, b) => rank(a.pkg) - rank(b.pkg) || compareCodeUnits(a.pkg.id, b.pkg.id));
    const rest = order.filter(({ pkg, index }) => this.#add(pkg, index) < (pkg.recordedFiles?.size ?? 0));
    for (const { pkg, index } of rest) this.#addRecords(pkg, index);
  }

  /** Gives how many of its files have a record. */
  #add(pkg: Package, owner: number): number {
    const { recordedFiles } = pkg;
    let records = 0;
    const unrecorded: Claim = { owner, recorded: undefined };
    for (const path of pkg.files ?? []) {
      const recorded = recordedFiles?.get(path);
      if (recorded !== undefined) records += 1;
      this.#claim(path, recorded === undefined ? unrecorded : { owner, recorded });
    }
    for (const path of pkg.configFiles ?? []) this.#configuration.add(path.slice(1));
    const folders = pkg.firstParty === true ? this.#ownFolders : this.#folders;
    for (const path of pkg.directories ?? []) if (!folders.has(path.slice(1))) folders.set(path.slice(1), owner);
    for (const { path: absolute } of pkg.locations) {
      const path = absolute.slice(1);
      this.#marks.add(path);
      if (isOsPackage(pkg)) this.#state.add(path);
      if (!this.#located.has(path)) this.#located.set(path, owner);
    }
    return records;
  }

  /** Of what a package records and does not have among its files: it is missing, or another package took it over and lists it now. */
  #addRecords({ recordedFiles }: Package, owner: number): void {
    for (const [path, recorded] of recordedFiles ?? []) {
      if (!this.#slots.has(path.slice(1))) this.#claim(path, { owner, recorded });
    }
  }

  #claim(path: string, claim: Claim): void {
    const key = path.slice(1);
    const slot = this.#slots.get(key);
    if (slot === undefined) {
      this.#marks.add(key);
      this.#slots.set(key, this.#paths.length);
      this.#paths.push(path);
      this.#claims.push(claim);
      return;
    }
    const others = this.#others.get(slot);
    if (others) others.push(claim);
    else this.#others.set(slot, [claim]);
  }

  /** How many paths packages list. */
  get slots(): number {
    return this.#paths.length;
  }

  slot(path: string): Slot {
    return this.#marks.mayHave(path) ? (this.#slots.get(path) ?? -1) : -1;
  }

  /** Absolute. */
  path(slot: Slot): string {
    return this.#paths[slot] ?? '';
  }

  first(slot: Slot): Claim {
    return this.#claims[slot] as Claim;
  }

  others(slot: Slot): readonly Claim[] {
    return this.#others.get(slot) ?? [];
  }

  isConfiguration(path: string): boolean {
    return this.#configuration.has(path);
  }

  /** Package whose evidence this file is, -1 when none. */
  located(path: string): number {
    return this.#marks.mayHave(path) ? (this.#located.get(path) ?? -1) : -1;
  }

  /** Whether a package of the operating system is told of in this file: a database, unless it is machine code. */
  isState(path: string): boolean {
    return this.#marks.mayHave(path) && this.#state.has(path);
  }

  /** Package whose folder this path is in, the nearest; -1 when none. Folders of first-party software are asked for apart: all may lie in them. */
  ofFolder(path: string, firstParty: boolean): number {
    if (this.#folders.size === 0 && this.#ownFolders.size === 0) return -1;
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (folder !== this.#folder) {
      this.#folder = folder;
      this.#ofFolder = nearest(this.#folders, folder);
      this.#ofOwnFolder = nearest(this.#ownFolders, folder);
    }
    return firstParty ? this.#ofOwnFolder : this.#ofFolder;
  }

  /** Package that owns the path, by list or by folder; -1 when none. */
  owner(path: string): number {
    const slot = this.slot(path);
    return slot >= 0 ? this.first(slot).owner : this.ofFolder(path, false);
  }

  package(index: number): Package | undefined {
    return this.#packages[index];
  }
}

/** How a ledger names packages, by their index: each made once. */
export function createOwnerNames(packages: readonly Package[]): (index: number) => LedgerOwner | undefined {
  const names: LedgerOwner[] = [];
  return (index) => {
    const pkg = packages[index];
    if (pkg === undefined) return undefined;
    const known = names[index];
    if (known !== undefined) return known;
    const purl = packagePurl(pkg);
    const name = { index, id: pkg.id, ...(purl === undefined ? {} : { purl }) };
    names[index] = name;
    return name;
  };
}

function rank(pkg: Package): number {
  return isOsPackage(pkg) ? 0 : 1;
}

function nearest(folders: ReadonlyMap<string, number>, folder: string): number {
  if (folders.size === 0) return -1;
  for (let end = folder.length; end > 0; end = folder.lastIndexOf('/', end - 1)) {
    const owner = folders.get(end === folder.length ? folder : folder.slice(0, end));
    if (owner !== undefined) return owner;
  }
  return -1;
}
