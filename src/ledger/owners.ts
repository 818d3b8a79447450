import { compareCodeUnits } from '../core/index.ts';
import type { FileEntry, FileId, FileView, FolderView } from '../filesystem/index.ts';
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

const IS_CONFIGURATION = 1;
const IS_STATE = 2;

/**
 * Who owns which file of a view, of all packages of an image. Packages of the operating system come first, then the others, each in the order of their ids;
 * the first that lists a file is its owner. What is known of a file is kept by its number: looking up the paths of all files would cost more than all else.
 */
export class Owners {
  readonly #packages: readonly Package[];
  readonly #view: FileView;
  readonly #claims: Claim[] = [];
  // by number of a file; indexes of claims and packages, -1 where there is none
  readonly #claimOf: Int32Array;
  readonly #located: Int32Array;
  readonly #marks: Uint8Array;
  /** The claims behind the first of a file, where there are any. */
  readonly #others = new Map<FileId, Claim[]>();
  /** What packages record and the view does not have, by absolute path. */
  readonly #absent = new Map<string, Claim>();
  /** Packages by the number of a folder that is theirs. */
  readonly #folders = new Map<FileId, number>();
  readonly #ownFolders = new Map<FileId, number>();
  /** The folder of the path before: lists go folder by folder. */
  #folder = '\0';
  #inFolder: FolderView | undefined;

  constructor(packages: readonly Package[], view: FileView) {
    this.#packages = packages;
    this.#view = view;
    this.#claimOf = new Int32Array(view.idLimit).fill(-1);
    this.#located = new Int32Array(view.idLimit).fill(-1);
    this.#marks = new Uint8Array(view.idLimit);
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
    // one for all files of which nothing is recorded
    const unrecorded = this.#claims.push({ owner, recorded: undefined }) - 1;
    for (const path of pkg.files ?? []) {
      const recorded = recordedFiles?.get(path);
      if (recorded !== undefined) records += 1;
      const id = this.#find(path);
      if (id !== undefined)
        this.#claim(id, recorded === undefined ? unrecorded : this.#claims.push({ owner, recorded }) - 1);
      else if (recorded !== undefined) this.#miss(path, { owner, recorded });
    }
    for (const path of pkg.configFiles ?? []) this.#mark(this.#find(path), IS_CONFIGURATION);
    const folders = pkg.firstParty === true ? this.#ownFolders : this.#folders;
    for (const path of pkg.directories ?? []) {
      const id = this.#view.lookup(path.slice(1))?.id;
      if (id !== undefined && !folders.has(id)) folders.set(id, owner);
    }
    for (const { path } of pkg.locations) {
      const id = this.#find(path);
      if (id === undefined) continue;
      if (isOsPackage(pkg)) this.#mark(id, IS_STATE);
      if (this.#located[id] === -1) this.#located[id] = owner;
    }
    return records;
  }

  /** Of what a package records and does not have among its files: it is missing, or another package took it over and lists it now. */
  #addRecords({ recordedFiles }: Package, owner: number): void {
    for (const [path, recorded] of recordedFiles ?? []) {
      const id = this.#find(path);
      if (id === undefined) this.#miss(path, { owner, recorded });
      else if (this.#claimOf[id] === -1) this.#claim(id, this.#claims.push({ owner, recorded }) - 1);
    }
  }

  #claim(id: FileId, claim: number): void {
    const first = this.#claimOf[id] as number;
    if (first === -1) {
      this.#claimOf[id] = claim;
      return;
    }
    const added = this.#claims[claim] as Claim;
    // the same file under another name, through a link
    if (this.#claims[first]?.owner === added.owner) return;
    const others = this.#others.get(id);
    if (others) others.push(added);
    else this.#others.set(id, [added]);
  }

  #miss(path: string, claim: Claim): void {
    if (!this.#absent.has(path)) this.#absent.set(path, claim);
  }

  #mark(id: FileId | undefined, mark: number): void {
    if (id !== undefined) this.#marks[id] = (this.#marks[id] as number) | mark;
  }

  /** The file at an absolute path, links of its folder followed. */
  #find(path: string): FileId | undefined {
    const slash = path.lastIndexOf('/');
    if (slash !== this.#folder.length || !path.startsWith(this.#folder)) {
      this.#folder = path.slice(0, slash);
      this.#inFolder = this.#view.folder(this.#folder.slice(1));
    }
    return this.#inFolder?.fileId(path.slice(slash + 1));
  }

  /** What the first package says that lists a file. */
  first(id: FileId): Claim | undefined {
    return this.#claims[this.#claimOf[id] as number];
  }

  others(id: FileId): readonly Claim[] {
    return this.#others.get(id) ?? [];
  }

  /** A device or pipe has taken the place of a file: what packages record of it is not there. */
  missAt({ id, path }: FileEntry): void {
    const claim = this.first(id);
    if (claim?.recorded !== undefined) this.#miss(`/${path}`, claim);
  }

  /** By absolute path, what packages record and the view does not have, or has a folder instead of. */
  get absent(): ReadonlyMap<string, Claim> {
    return this.#absent;
  }

  isConfiguration(id: FileId): boolean {
    return ((this.#marks[id] as number) & IS_CONFIGURATION) !== 0;
  }

  /** Package whose evidence this file is, -1 when none. */
  located(id: FileId): number {
    return this.#located[id] as number;
  }

  /** Whether a package of the operating system is told of in this file: a database, unless it is machine code. */
  isState(id: FileId): boolean {
    return ((this.#marks[id] as number) & IS_STATE) !== 0;
  }

  /**
   * Packages whose folder this is, else those of the folder around it; -1 when none. Folders of first-party software are told apart: all may lie in them.
   * Not to be asked for the root, which is nobody's.
   */
  ofFolder(folder: FileId, around: FolderOwners): FolderOwners {
    return {
      owner: this.#folders.get(folder) ?? around.owner,
      firstParty: this.#ownFolders.get(folder) ?? around.firstParty,
    };
  }

  /** Package that owns a file, by list or by folder; -1 when none. */
  owner(path: string): number {
    const id = this.#find(`/${path}`);
    const first = id === undefined ? undefined : this.first(id);
    if (first !== undefined) return first.owner;
    if (this.#folders.size === 0) return -1;
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = this.#view.lookup(path.slice(0, end))?.id;
      const owner = folder === undefined ? undefined : this.#folders.get(folder);
      if (owner !== undefined) return owner;
    }
    return -1;
  }

  package(index: number): Package | undefined {
    return this.#packages[index];
  }
}

/** Indexes of packages. */
export interface FolderOwners {
  readonly owner: number;
  readonly firstParty: number;
}

export const NOBODYS: FolderOwners = { owner: -1, firstParty: -1 };

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
