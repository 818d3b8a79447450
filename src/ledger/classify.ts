import type { FileEntry, FileId, FileView, FolderFiles } from '../filesystem/index.ts';
import { alternativeLinks } from './alternatives.ts';
import type { LedgerRow } from './columns.ts';
import { compareFile } from './integrity.ts';
import { isOsPackage, isProgram, NOBODYS, type Claim, type FolderOwners, type Owners } from './owners.ts';
import { ALTERNATIVES, LEDGER_RULES, RuleFinder, type FolderRules, type LedgerRule } from './rules.ts';
import type { LedgerOptions } from './types.ts';

/** What was decided, and how the content differs from the record of a package. */
export interface Classified extends LedgerRow {
  readonly difference?: {
    readonly claim: Claim;
    readonly found?: string;
    /** Package whose record it fits. */
    readonly fits?: number;
  };
  /** There was a record and no digest to compare. */
  readonly notChecked?: boolean;
}

const ALTERNATIVES_RULE = LEDGER_RULES.indexOf(ALTERNATIVES);

/** Machine code by its first bytes, or a regular file that somebody may execute. */
export function isExecutable({ type, content, mode }: FileEntry): boolean {
  return type === 'file' && (isMachineCode(content) || (mode & 0o111) !== 0);
}

function isMachineCode(content: FileEntry['content']): boolean {
  return content !== undefined && content !== 'script';
}

/** Decides about the files of one folder. */
export type FolderClassifier = (name: string, entry: FileEntry) => Classified;

/**
 * Decides about the files of one view, to be asked folder by folder, parents first. In this order the first that holds counts:
 * 1. a package of the operating system lists the path, 2. another package lists it (a program that was recognised in it is 5), 3. it is a package manager's own data, or made at installation,
 * by the table of rules or by update-alternatives, 4. it lies in a folder of a package, the nearest counts, 5. something was recognised in it, or in the program that it is a link to, 6. it lies
 * in a folder of first-party software, 7. it is as the base image has it, 8. nothing is known of it. Machine code is never taken for 3.
 */
export function createClassifier(options: LedgerOptions, owners: Owners): (folder: FolderFiles) => FolderClassifier {
  const { view } = options;
  const rules = new RuleFinder();
  const isAlternative = alternativeLinks(view);
  const ownersOf = new Map<FileId, FolderOwners>();
  return ({ id, parent, path: folder }) => {
    const ofFolder = id === parent ? NOBODYS : owners.ofFolder(id, ownersOf.get(parent) ?? NOBODYS);
    ownersOf.set(id, ofFolder);
    const { owner, firstParty } = ofFolder;
    const context = { view, owners, rules: rules.inFolder(folder), isAlternative };
    return (name, entry) => {
      const first = owners.first(entry.id);
      if (first !== undefined) return listed(view, owners, { entry, first });
      return (
        byRule(name, entry, context) ??
        byFolder(owners, entry, owner) ??
        byContent(view, owners, entry) ??
        byFolder(owners, entry, firstParty) ?? { class: isOfBase(options, entry) ? 'base' : 'unaccounted' }
      );
    };
  };
}

interface Listed {
  readonly entry: FileEntry;
  readonly first: Claim;
}

function listed(view: FileView, owners: Owners, { entry, first }: Listed): Classified {
  const { id } = entry;
  const others = owners.others(id);
  const located = owners.located(id);
  // compilers leave no list of files: such a package has the one it was found in
  if (located === first.owner && isProgram(owners.package(first.owner))) {
    return { class: 'binary', owner: first.owner, also: others[0]?.owner ?? -1 };
  }
  const kind = isOsPackage(owners.package(first.owner)) ? 'os-package' : 'language-package';
  const also = others[0]?.owner ?? (located === first.owner ? -1 : located);
  const row = { class: kind, owner: first.owner, also } as const;
  const compared = first.recorded === undefined ? undefined : compareFile(view, entry, first.recorded);
  if (compared?.outcome === 'verified') return { ...row, integrity: 'verified' };
  // two architectures of a package share files, and whoever wrote last may have another record
  const fitting = others.find(
    ({ recorded }) => recorded !== undefined && compareFile(view, entry, recorded).outcome === 'verified',
  );
  if (fitting !== undefined && (kind !== 'os-package' || isOsPackage(owners.package(fitting.owner)))) {
    return { ...row, owner: fitting.owner, also: first.owner, integrity: 'verified' };
  }
  const isConfiguration = owners.isConfiguration(id);
  if (compared?.outcome === 'different') {
    const fits = fitting === undefined ? {} : { fits: fitting.owner };
    const found = compared.found === undefined ? {} : { found: compared.found };
    const difference = { claim: first, ...found, ...fits };
    return { ...row, integrity: isConfiguration ? 'configuration' : 'modified', difference };
  }
  return {
    ...row,
    integrity: isConfiguration ? 'configuration' : 'unchecked',
    ...(compared?.outcome === 'unknown' ? { notChecked: true } : {}),
  };
}

interface RuleContext {
  readonly view: FileView;
  readonly owners: Owners;
  readonly rules: FolderRules;
  readonly isAlternative: (entry: FileEntry) => boolean;
}

function byRule(name: string, entry: FileEntry, context: RuleContext): Classified | undefined {
  const { owners, rules, isAlternative } = context;
  if (isMachineCode(entry.content)) return undefined;
  if (owners.isState(entry.id)) return { class: 'package-state' };
  if (isAlternative(entry)) return { class: 'generated', rule: ALTERNATIVES_RULE };
  for (const number of rules.find(name, entry.type)) {
    const rule = LEDGER_RULES[number]!;
    const owner = ruleOwner(entry, rule, context);
    if (owner !== undefined) return { class: rule.class, rule: number, owner };
  }
  return undefined;
}

/** The package that a rule leads to, -1 for none; undefined when a condition of the rule is not met. */
function ruleOwner(entry: FileEntry, rule: LedgerRule, { view, owners }: RuleContext): number | undefined {
  if (rule.links && entry.type !== 'symlink') return undefined;
  if (!rule.scripts && isExecutable(entry)) return undefined;
  if (rule.empty && !(entry.type === 'file' && entry.sizeBytes === 0)) return undefined;
  if (rule.besideModule) return known(moduleOwner(entry.path, { view, owners }));
  if (rule.near !== undefined) {
    return known(owners.owner(`${entry.path.slice(0, entry.path.lastIndexOf('/') + 1)}${rule.near}`));
  }
  if (rule.target === undefined) return -1;
  if (rule.target !== 'owned' && rule.target !== 'owned-node') {
    return rule.target.includes(entry.linkTarget ?? '') ? -1 : undefined;
  }
  const target = view.resolve(entry.path);
  if (target === undefined) return undefined;
  if (rule.target === 'owned-node' && !target.path.includes('/node_modules/')) return undefined;
  if (target.type !== 'directory') return known(owners.owner(target.path));
  const manifest = `${target.path}/package.json`;
  const owner = known(owners.owner(manifest));
  if (owner !== undefined) return owner;
  // a project of a workspace owns no files, but was found in its manifest
  const found = view.resolve(manifest);
  return found === undefined ? undefined : known(owners.located(found.id));
}

function known(owner: number): number | undefined {
  return owner < 0 ? undefined : owner;
}

/** `a/__pycache__/b.cpython-311.opt-1.pyc` is made of `a/b.py`, `a/b.pyc` of `a/b.py` too; `a/b.elc` of `a/b.el`, which may be a link. */
function moduleOwner(path: string, { view, owners }: Pick<RuleContext, 'view' | 'owners'>): number {
  if (path.endsWith('.elc')) return owners.owner(view.resolve(path.slice(0, -1))?.path ?? path);
  const [, folder = '', name = ''] = /^(.*\/)__pycache__\/([^/]+?)\.[^/.]+(?:\.opt-[^/.]+)?\.pyc$/.exec(path) ?? [];
  const module = name === '' ? path.replace(/\.py[co]$/, '.py') : `${folder}${name}.py`;
  return owners.owner(module);
}

/** @param owner package whose folder it lies in; -1 for none */
function byFolder(owners: Owners, { id }: FileEntry, owner: number): Classified | undefined {
  if (owner < 0) return undefined;
  const located = owners.located(id);
  const also = located === owner ? -1 : located;
  const kind = isOsPackage(owners.package(owner)) ? 'os-package' : 'language-package';
  return { class: kind, integrity: 'unchecked', owner, also };
}

function byContent(view: FileView, owners: Owners, entry: FileEntry): Classified | undefined {
  if (entry.type === 'symlink') return byTarget(view, owners, entry);
  const owner = owners.located(entry.id);
  const pkg = owners.package(owner);
  if (pkg === undefined) return undefined;
  const isBinary = isMachineCode(entry.content) || isProgram(pkg);
  if (!isBinary && isOsPackage(pkg)) return undefined;
  return isBinary ? { class: 'binary', owner } : { class: 'language-package', integrity: 'unchecked', owner };
}

/** A link to a program that was recognised is that program under another name. */
function byTarget(view: FileView, owners: Owners, { path }: FileEntry): Classified | undefined {
  const target = view.resolve(path);
  const owner = target?.type === 'file' ? owners.located(target.id) : -1;
  return isProgram(owners.package(owner)) ? { class: 'binary', owner } : undefined;
}

function isOfBase({ baseLayers = 0, baseView }: LedgerOptions, entry: FileEntry): boolean {
  if (entry.layer >= 0 && entry.layer < baseLayers) return true;
  const before = baseView?.lookup(entry.path);
  if (before === undefined || before.type !== entry.type || before.mode !== entry.mode) return false;
  if (before.uid !== entry.uid || before.gid !== entry.gid) return false;
  if (entry.type === 'symlink') return before.linkTarget === entry.linkTarget;
  return before.sizeBytes === 0 && entry.sizeBytes === 0;
}
