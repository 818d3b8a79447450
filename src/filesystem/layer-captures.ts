import { textAt } from './byte-list.ts';
import { RecordKind, type LayerRecords, type LayerStack } from './layer-records.ts';

/** A file that a rule captured in one layer, whatever layers above make of it. */
export interface LayerCapture {
  readonly ruleId: string;
  /** As the layer's archive has it, without leading slash; links in parent folders are not followed. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** 0 = bottom; -1 for a source without layers. */
  readonly layer: number;
}

/** Everything that rules captured in any layer, bottom first, in the order of the archives: what a final view hides is included. */
export function* layerCaptures(stack: LayerStack, ruleIds: readonly string[]): Generator<LayerCapture> {
  for (const [index, records] of stack.layers.entries()) {
    for (const { ruleId, record, bytes } of recordCaptures(records, ruleIds)) {
      yield { ruleId, path: recordPath(records, record), bytes, layer: index + stack.firstLayer };
    }
  }
}

/** What rules captured in one layer, and of which record; markers of what is deleted left out. */
export function* recordCaptures(
  records: LayerRecords,
  ruleIds: readonly string[],
): Generator<{ readonly ruleId: string; readonly record: number; readonly bytes: Uint8Array }> {
  const { captures } = records;
  const wanted = new Map(ruleIds.map((id) => [captures.rules.indexOf(id), id]));
  for (let at = 0; at < captures.record.length; at += 1) {
    const ruleId = wanted.get(captures.rule[at] ?? -1);
    const record = captures.record[at] as number;
    if (ruleId === undefined || (records.kind[record] as number) >= RecordKind.Whiteout) continue;
    yield { ruleId, record, bytes: captures.bytes.subarray(captures.start[at], captures.end[at]) };
  }
}

/** Path of a record as its archive has it, without leading slash. */
export function recordPath(records: LayerRecords, record: number): string {
  const folder = textAt(records.directories, records.directory[record] as number);
  const name = textAt(records.names, record);
  return folder === '' ? name : `${folder}/${name}`;
}

/** A file that something at a path may hide. */
interface Hideable {
  readonly index: number;
  /** The path is the file's own, not that of a folder it lies in. */
  readonly isItself: boolean;
}

/**
 * For each file of a lower layer the first layer above that names it or a folder it lies in so that it is hidden: a whiteout, an opaque folder, or another
 * entry in its place. By names alone: what leads through links is not found. One pass over the records of the layers above the lowest of the files.
 * @param files path and layer, as `layerCaptures` gives them
 * @returns for each of `files`, in their order
 */
export function hidingLayers(
  stack: LayerStack,
  files: readonly { readonly path: string; readonly layer: number }[],
): readonly (number | undefined)[] {
  const found: (number | undefined)[] = files.map(() => undefined);
  const lowest = files.reduce((least, { layer }) => Math.min(least, layer), Infinity);
  const byFolder = hideableByFolder(files.map(({ path }) => path));
  for (const [at, records] of stack.layers.entries()) {
    const layer = at + stack.firstLayer;
    if (layer <= lowest) continue;
    for (const { index } of touched(records, byFolder)) {
      if ((files[index]?.layer ?? layer) < layer) found[index] ??= layer;
    }
  }
  return found;
}

/**
 * For each path the layer that took a file or link away which a layer below had put there and no layer put back: a whiteout, an opaque folder, or something
 * else in the place of the file or of a folder it lay in. undefined where no layer ever had one, or one still has. By names alone, in one pass over all records.
 * @param paths without leading slash
 * @returns for each of `paths`, in their order
 */
export function removingLayers(stack: LayerStack, paths: readonly string[]): readonly (number | undefined)[] {
  const found: (number | undefined)[] = paths.map(() => undefined);
  const byFolder = hideableByFolder(paths);
  const present = new Set<number>();
  for (const [at, records] of stack.layers.entries()) {
    const put = new Set<number>();
    for (const { index, isFile } of touched(records, byFolder)) {
      if (isFile) put.add(index);
      // what a layer hides is what lower ones have, in whatever order its records stand
      else if (present.delete(index)) found[index] = at + stack.firstLayer;
    }
    for (const index of put) {
      present.add(index);
      found[index] = undefined;
    }
  }
  return found;
}

const FILE_KINDS: ReadonlySet<number> = new Set([RecordKind.File, RecordKind.Symlink, RecordKind.HardLink]);

/** The records of one layer that hide some files of lower ones; `isFile`: by a file or link in the place of the file itself. */
function* touched(
  records: LayerStack['layers'][number],
  byFolder: ReadonlyMap<string, ReadonlyMap<string, readonly Hideable[]>>,
): Generator<{ readonly index: number; readonly isFile: boolean }> {
  const { directories, directory, names, kind, count } = records;
  const byDirectory = Array.from(directories.ends, (_, id) => byFolder.get(textAt(directories, id)));
  for (let record = 0; record < count; record += 1) {
    const inFolder = byDirectory[directory[record] as number];
    if (inFolder === undefined) continue;
    const how = kind[record] as number;
    if (how === RecordKind.Opaque) {
      for (const inside of inFolder.values()) for (const { index } of inside) yield { index, isFile: false };
      continue;
    }
    for (const { index, isItself } of inFolder.get(textAt(names, record)) ?? []) {
      // a folder over a folder hides nothing
      if (isItself || how !== RecordKind.Directory) yield { index, isFile: isItself && FILE_KINDS.has(how) };
    }
  }
}

/** By folder, and by name there: what hides that hides the files. */
function hideableByFolder(paths: readonly string[]): ReadonlyMap<string, ReadonlyMap<string, readonly Hideable[]>> {
  const byFolder = new Map<string, Map<string, Hideable[]>>();
  for (const [index, path] of paths.entries()) {
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const slash = path.lastIndexOf('/', end - 1);
      const folder = path.slice(0, Math.max(slash, 0));
      const name = path.slice(slash + 1, end);
      const inFolder = byFolder.get(folder) ?? new Map<string, Hideable[]>();
      byFolder.set(folder, inFolder);
      const there = inFolder.get(name) ?? [];
      inFolder.set(name, there);
      there.push({ index, isItself: end === path.length });
    }
  }
  return byFolder;
}
