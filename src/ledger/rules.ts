import { KeyMarks, type FileEntry } from '../filesystem/index.ts';
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
};

/** The table, in its order: the first rule that matches counts. */
export const LEDGER_RULES: readonly LedgerRule[] = RAW.map(toRule).concat(ALTERNATIVES);

function toRule(raw: RawRule): LedgerRule {
  return {
    id: raw.id,
    class: raw.class === 'package-state' ? 'package-state' : 'generated',
    reason: raw.reason,
    links: raw.links === true,
    scripts: raw.scripts === true,
    target: targetOf(raw.target),
    besideModule: raw.beside === 'module',
  };
}

function targetOf(target: RawRule['target']): LedgerRule['target'] {
  if (target === undefined || typeof target !== 'string') return target;
  return target === 'owned-node' ? 'owned-node' : 'owned';
}

/** Finds the rules of a path. Keeps what it knows of the folder of the path before: paths come sorted. */
export class RuleFinder {
  readonly #files = new Map<string, number[]>();
  readonly #folders = new Map<string, number[]>();
  /** Characters of the longest of them. */
  #longestFolder = 0;
  readonly #names = new Map<string, number[]>();
  readonly #suffixes = new Map<string, { readonly suffix: string; readonly rule: number }[]>();
  readonly #endings = new Map<string, number[]>();
  /** Of whole paths and of names that are looked up, and the last characters of the endings. */
  readonly #marks = new KeyMarks();
  readonly #lastCharacters = new Set<number>();
  readonly #inside: { readonly ending: string; readonly rule: number }[] = [];
  readonly #anywhere: number[] = [];
  #folder = '\0';
  #ofFolder: readonly number[] = [];

  constructor() {
    for (const [rule, raw] of RAW.entries()) {
      for (const path of raw.files ?? []) this.#addMarked(this.#files, path, rule);
      for (const path of raw.folders ?? []) {
        add(this.#folders, path, rule);
        this.#longestFolder = Math.max(this.#longestFolder, path.length);
      }
      for (const name of raw.names ?? []) this.#addMarked(this.#names, name, rule);
      for (const suffix of raw.suffixes ?? []) this.#addMarked(this.#suffixes, lastSegment(suffix), { suffix, rule });
      for (const ending of raw.endings ?? []) {
        add(this.#endings, ending, rule);
        this.#lastCharacters.add(ending.charCodeAt(ending.length - 1));
      }
      for (const ending of raw.inside ?? []) this.#inside.push({ ending: `${ending}/`, rule });
      const places = [raw.files, raw.folders, raw.names, raw.suffixes, raw.endings, raw.inside];
      if (places.every((place) => place === undefined)) this.#anywhere.push(rule);
    }
  }

  #addMarked<T>(map: Map<string, T[]>, key: string, value: T): void {
    add(map, key, value);
    this.#marks.add(key);
  }

  /** Numbers of the rules whose place fits, ascending. Their conditions are not looked at. */
  find({ path, type }: FileEntry): readonly number[] {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    const folder = path.slice(0, Math.max(0, slash));
    if (folder !== this.#folder) {
      this.#folder = folder;
      this.#ofFolder = this.#findFolder(folder);
    }
    const found: number[] = [];
    if (this.#marks.mayHave(path)) push(found, this.#files.get(path));
    if (this.#lastCharacters.has(path.charCodeAt(path.length - 1))) {
      const dot = name.lastIndexOf('.');
      if (dot !== -1) push(found, this.#endings.get(name.slice(dot)));
    }
    if (this.#marks.mayHave(name)) this.#findNamed(path, name, found);
    push(found, this.#ofFolder);
    if (type === 'symlink') push(found, this.#anywhere);
    return found.length < 2 ? found : found.toSorted((a, b) => a - b);
  }

  #findNamed(path: string, name: string, found: number[]): void {
    push(found, this.#names.get(name));
    for (const { suffix, rule } of this.#suffixes.get(name) ?? []) {
      if (path === suffix || path.endsWith(`/${suffix}`)) found.push(rule);
    }
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

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
