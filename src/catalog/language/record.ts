import { compareCodeUnits } from '../../core/index.ts';
import type { CapturedFile, FileView } from '../../filesystem/index.ts';
import type { Diagnostic, Location } from '../../packages/index.ts';
import { isSharedFolder } from '../shared-folders.ts';

/** Notes a problem with one file; the rest of the scan goes on. */
export type Report = (code: string, message: string, path: string) => undefined;

/** Diagnostics of one cataloger, all warnings. `path` is without leading slash. */
export function createReport(source: string): { readonly report: Report; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const report: Report = (code, message, path) => {
    diagnostics.push({ code, severity: 'warning', message, path: `/${path}`, source });
  };
  return { report, diagnostics };
}

export function locationOf({ entry }: CapturedFile): Location {
  return { path: `/${entry.path}`, layer: entry.layer };
}

/** Folder and last segment of a path without leading slash. */
export function splitPath(path: string): { readonly folder: string; readonly name: string } {
  const slash = path.lastIndexOf('/');
  return { folder: path.slice(0, Math.max(0, slash)), name: path.slice(slash + 1) };
}

/** A path below a folder; '' is the root. */
export function pathIn(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** A version fit for a package: printable, without white space, at most 128 characters. undefined for anything else. */
export function plainVersion(text: string | undefined): string | undefined {
  return text !== undefined && /^[!-~]{1,128}$/.test(text) ? text : undefined;
}

/** The given field, unless there is nothing to say. */
export function optional<Key extends string>(key: Key, value: string | undefined): Partial<Record<Key, string>> {
  return value === undefined ? {} : ({ [key]: value } as Record<Key, string>);
}

/** Those of the folders (without leading slash) that exist and can be one package's, absolute and sorted, as the field of a package. */
export function directoriesOf(
  view: FileView,
  folders: readonly string[],
): { readonly directories?: readonly string[] } {
  const found = new Set<string>();
  for (const folder of folders) {
    const entry = folder === '' ? undefined : view.resolve(folder);
    if (entry?.type === 'directory' && !isSharedFolder(entry.path)) found.add(`/${entry.path}`);
  }
  return found.size === 0 ? {} : { directories: [...found].toSorted(compareCodeUnits) };
}

/** Something that others may need by name. */
export interface Named {
  readonly id: string;
  readonly name: string;
  /** What it is installed in: those of one group see one another. */
  readonly group: string;
}

/** Finds by name: in the group first, and else, when only one group of the image has it, there. Of equal names the first counts. */
export function createFinder<Item extends Named>(
  items: readonly Item[],
): (group: string, name: string) => Item | undefined {
  const inGroup = new Map<string, Map<string, Item>>();
  const anywhere = new Map<string, Item | null>();
  for (const item of items) {
    const names = inGroup.get(item.group) ?? new Map<string, Item>();
    inGroup.set(item.group, names);
    if (names.has(item.name)) continue;
    names.set(item.name, item);
    anywhere.set(item.name, anywhere.has(item.name) ? null : item);
  }
  return (group, name) => inGroup.get(group)?.get(name) ?? anywhere.get(name) ?? undefined;
}

/** Ids of what the names lead to, sorted, each once, without the one that asks. */
export function edgesTo(
  item: Named,
  names: Iterable<string>,
  find: (group: string, name: string) => Named | undefined,
): readonly string[] {
  const targets = new Set<string>();
  for (const name of names) {
    const target = find(item.group, name);
    if (target !== undefined && target.id !== item.id) targets.add(target.id);
  }
  return [...targets].toSorted(compareCodeUnits);
}
