import { textAt } from './byte-list.ts';
import { RecordKind, type LayerStack } from './layer-records.ts';

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
    const { captures } = records;
    const wanted = new Map(ruleIds.map((id) => [captures.rules.indexOf(id), id]));
    for (let at = 0; at < captures.record.length; at += 1) {
      const ruleId = wanted.get(captures.rule[at] ?? -1);
      const record = captures.record[at] as number;
      if (ruleId === undefined || (records.kind[record] as number) >= RecordKind.Whiteout) continue;
      yield {
        ruleId,
        path: pathOf(records.directories, records.directory[record] as number, textAt(records.names, record)),
        bytes: captures.bytes.subarray(captures.start[at], captures.end[at]),
        layer: index + stack.firstLayer,
      };
    }
  }
}

/**
 * For each file of a lower layer the first layer above that names it or a folder it lies in so that it is hidden: a whiteout, an opaque folder, or another
 * entry in its place. By names alone: what leads through links is not found. One pass over the records of the layers above the lowest.
 * @param files path and layer, as `layerCaptures` gives them
 * @returns for each of `files`, in their order
 */
export function hidingLayers(
  stack: LayerStack,
  files: readonly { readonly path: string; readonly layer: number }[],
): readonly (number | undefined)[] {
  const found: (number | undefined)[] = files.map(() => undefined);
  const byPath = new Map<string, number[]>();
  for (const [index, { path }] of files.entries()) {
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const key = path.slice(0, end);
      const list = byPath.get(key);
      if (list) list.push(index);
      else byPath.set(key, [index]);
    }
  }
  if (byPath.size === 0) return found;
  const hide = (path: string, layer: number, isFolder: boolean): void => {
    for (const index of byPath.get(path) ?? []) {
      const file = files[index];
      if (file === undefined || found[index] !== undefined || file.layer >= layer) continue;
      // a folder over a folder hides nothing, and an opaque folder not itself
      if (isFolder && file.path !== path) continue;
      found[index] = layer;
    }
  };
  for (const [index, records] of stack.layers.entries()) {
    for (let record = 0; record < records.count; record += 1) {
      const kind = records.kind[record] as number;
      const layer = index + stack.firstLayer;
      const name = textAt(records.names, record);
      const path = pathOf(records.directories, records.directory[record] as number, name);
      if (kind === RecordKind.Opaque) hideBelow(path.replace(/\/$/, ''), layer);
      else hide(path, layer, kind === RecordKind.Directory);
    }
  }
  return found;

  function hideBelow(folder: string, layer: number): void {
    for (const index of byPath.get(folder) ?? []) {
      const file = files[index];
      if (file !== undefined && found[index] === undefined && file.layer < layer && file.path !== folder)
        found[index] = layer;
    }
  }
}

function pathOf(directories: Parameters<typeof textAt>[0], directory: number, name: string): string {
  const folder = textAt(directories, directory);
  return folder === '' ? name : `${folder}/${name}`;
}
