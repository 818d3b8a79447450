import { KeyMarks, type FileType } from '../filesystem/index.ts';
import table from './rules.json' with { type: 'json' };

/** What is known of files that no package lists. */
export interface LedgerRule {
  readonly id: string;
  readonly class: 'package-state' | 'generated';
  /** For people: who makes such files. */
  readonly reason: string;
  readonly links: boolean;
  readonly scripts: boolean;
  /** What a link must lead to: any of these texts, something that a package owns, or that lies in `node_modules` as well. */
  readonly target: readonly string[] | 'owned' | 'owned-node' | undefined;
  readonly besideModule: boolean;
  /** Name of a file in the same folder that a package must own, which is the owner of this one then. */
  readonly near: string | undefined;
  /** Files of 0 bytes only. */
  readonly empty: boolean;
}

interface RawRule {
  readonly id: string;
  readonly class: string;
  readonly reason: string;
  readonly files?: readonly string[];
  readonly folders?: readonly string[];
  readonly names?: readonly string[];
  readonly suffixes?: readonly string[];
  readonly endings?: readonly string[];
  readonly inside?: readonly string[];
  readonly links?: boolean;
  readonly scripts?: boolean;
  readonly target?: string | readonly string[];
  readonly beside?: string;
  readonly near?: string;
  readonly empty?: boolean;
}

const RAW: readonly RawRule[] = table.rules;

/** Links that update-alternatives made: told by its database, not by their place. */
export const ALTERNATIVES: LedgerRule = {
  id: 'alternatives',
  class: 'generated',
  reason: 'links of update-alternatives, as its database has them',
  links: true,
  scripts: false,
  target: undefined,
  besideModule: false,
  near: undefined,
  empty: false,
};

/** Copies that maintainer scripts make of what their package brought: told by the content, not by the place. */
export const COPIES: LedgerRule = {
  id: 'package-copies',
  class: 'generated',
  reason: 'has the content of a file of the package, by the digest that the package records',
  links: false,
  scripts: true,
  target: undefined,
  besideModule: false,
  near: undefined,
  empty: false,
};

/** The table, in its order: the first rule that matches counts. */
export const LEDGER_RULES: readonly LedgerRule[] = RAW.map(toRule).concat(ALTERNATIVES, COPIES);

function toRule(raw: RawRule): LedgerRule {
  return {
    id: raw.id,
    class: raw.class === 'package-state' ? 'package-state' : 'generated',
    reason: raw.reason,
    links: raw.links === true,
    scripts: raw.scripts === true,
    target: targetOf(raw.target),
    besideModule: raw.beside === 'module',
    near: raw.near,
    empty: raw.empty === true,
  };
}

function targetOf(target: RawRule['target']): LedgerRule['target'] {
  if (target === undefined || typeof target !== 'string') return target;
  return target === 'owned-node' ? 'owned-node' : 'owned';
}

/** Rules that fit something in one folder. */
export interface FolderRules {
  /** Numbers of the rules whose place fits, ascending. Their conditions are not looked at. */
  find(name: string, type: FileType): readonly number[];
}

/** Finds the rules of paths, folder by folder. */
export class RuleFinder {
  /** By folder, then by name. */
  readonly #files = new Map<string, Map<string, number[]>>();
  readonly #folders = new Map<string, number[]>();
  /** Characters of the longest of them. */
  #longestFolder = 0;
  readonly #names = new Map<string, number[]>();
  readonly #suffixes = new Map<string, { readonly folder: string; readonly rule: number }[]>();
  readonly #endings = new Map<string, number[]>();
  /** Of those endings. */
  readonly #lastCharacters = new Set<number>();
  /** Of all last segments that are looked up. */
  readonly #nameMarks = new KeyMarks(1 << 14);
  readonly #inside: { readonly ending: string; readonly rule: number }[] = [];
  readonly #anywhere: number[] = [];

  constructor() {
    for (const [rule, raw] of RAW.entries()) {
      for (const path of raw.files ?? []) this.#addFile(path, rule);
      for (const path of raw.folders ?? []) {
        add(this.#folders, path, rule);
        this.#longestFolder = Math.max(this.#longestFolder, path.length);
      }
      for (const name of raw.names ?? []) this.#addNamed(this.#names, name, rule);
      for (const suffix of raw.suffixes ?? []) {
        const { folder, name } = split(suffix);
        this.#addNamed(this.#suffixes, name, { folder, rule });
      }
      for (const ending of raw.endings ?? []) {
        add(this.#endings, ending, rule);
        this.#lastCharacters.add(ending.charCodeAt(ending.length - 1));
      }
      for (const ending of raw.inside ?? []) this.#inside.push({ ending: `${ending}/`, rule });
      const places = [raw.files, raw.folders, raw.names, raw.suffixes, raw.endings, raw.inside];
      if (places.every((place) => place === undefined)) this.#anywhere.push(rule);
    }
  }

  #addFile(path: string, rule: number): void {
    const { folder, name } = split(path);
    const names = this.#files.get(folder) ?? new Map<string, number[]>();
    this.#files.set(folder, names);
    this.#addNamed(names, name, rule);
  }

  #addNamed<T>(map: Map<string, T[]>, name: string, value: T): void {
    add(map, name, value);
    this.#nameMarks.add(name);
  }

  /** @param folder path without leading slash */
  inFolder(folder: string): FolderRules {
    const files = this.#files.get(folder);
    const ofFolder = this.#findFolder(folder);
    return {
      find: (name, type) => {
        const found: number[] = [];
        if (this.#lastCharacters.has(name.charCodeAt(name.length - 1))) {
          const dot = name.lastIndexOf('.');
          if (dot !== -1) push(found, this.#endings.get(name.slice(dot)));
        }
        if (this.#nameMarks.mayHave(name)) {
          push(found, files?.get(name));
          push(found, this.#names.get(name));
          for (const suffix of this.#suffixes.get(name) ?? []) {
            if (folder === suffix.folder || folder.endsWith(`/${suffix.folder}`)) found.push(suffix.rule);
          }
        }
        push(found, ofFolder);
        if (type === 'symlink') push(found, this.#anywhere);
        return found.length < 2 ? found : found.toSorted((a, b) => a - b);
      },
    };
  }

  #findFolder(folder: string): readonly number[] {
    const found: number[] = [];
    for (let slash = folder.indexOf('/'); ; slash = folder.indexOf('/', slash + 1)) {
      const end = slash === -1 ? folder.length : slash;
      if (end > this.#longestFolder) break;
      push(found, this.#folders.get(folder.slice(0, end)));
      if (slash === -1) break;
    }
    const inside = `${folder}/`;
    for (const { ending, rule } of this.#inside) if (inside.includes(ending)) found.push(rule);
    return found;
  }
}

function push(found: number[], more: readonly number[] | undefined): void {
  if (more !== undefined) for (const rule of more) found.push(rule);
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function split(path: string): { readonly folder: string; readonly name: string } {
  const slash = path.lastIndexOf('/');
  return { folder: path.slice(0, Math.max(0, slash)), name: path.slice(slash + 1) };
}
