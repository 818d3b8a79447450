import { layerCaptures, type LayerStack } from '../filesystem/index.ts';
import type { Package } from '../packages/index.ts';
import { RECORD_KEYS, RPM_LOG_RULE, recordKeyOf, type RecordKeys } from './os/record-keys.ts';

/** A database as it was after one layer. */
interface Version {
  readonly layer: number;
  readonly bytes: Uint8Array;
  /** Write-ahead log beside it. */
  readonly log: Uint8Array | undefined;
  readonly keysOf: RecordKeys;
}

/** Of all versions that are read. Where there is more, packages stay with the lowest layer that was looked at. */
const MAX_BYTES = 1024 * 1024 * 1024;
const LOG_SUFFIX = '-wal';

/**
 * Gives packages of databases that are one file for all of them the layer that brought them: the first after which their record was there and stayed. The file
 * itself is the last writer's. By the database's path: one that was moved begins anew. Hostile input: never throws, at most 1 GiB of databases is read.
 * @param packages as `runCatalogers` gives them for all layers of the stack
 */
export function withIntroducingLayers(stack: LayerStack, packages: readonly Package[]): readonly Package[] {
  const byPath = new Map<string, Package[]>();
  for (const pkg of packages) {
    const path = pkg.locations[0]?.path.slice(1);
    if (path === undefined || pkg.introducedLayer !== undefined || recordKeyOf(pkg) === undefined) continue;
    const there = byPath.get(path);
    if (there === undefined) byPath.set(path, [pkg]);
    else there.push(pkg);
  }
  if (stack.layers.length < 2 || byPath.size === 0) return packages;
  const introduced = new Map<Package, number>();
  let bytesLeft = MAX_BYTES;
  for (const [path, versions] of versionsOf(stack, byPath)) {
    bytesLeft = introduce(byPath.get(path) ?? [], { versions, introduced, bytesLeft });
  }
  return packages.map((pkg) => {
    const introducedLayer = introduced.get(pkg);
    return introducedLayer === undefined || introducedLayer === pkg.locations[0]?.layer
      ? pkg
      : { ...pkg, introducedLayer };
  });
}

/** Goes down from the last version as long as packages are in the one below. Gives how many bytes may still be read. */
function introduce(
  packages: readonly Package[],
  found: {
    readonly versions: readonly Version[];
    readonly introduced: Map<Package, number>;
    readonly bytesLeft: number;
  },
): number {
  const [last, ...below] = found.versions.toReversed();
  if (last === undefined || below.length === 0) return found.bytesLeft;
  for (const pkg of packages) found.introduced.set(pkg, last.layer);
  let remaining = packages;
  let { bytesLeft } = found;
  for (const { layer, bytes, log, keysOf } of below) {
    bytesLeft -= bytes.length + (log?.length ?? 0);
    if (bytesLeft < 0 || remaining.length === 0) break;
    const keys = keysOf(bytes, log);
    // what cannot be read says nothing of what was in it
    if (keys.size === 0) continue;
    remaining = remaining.filter((pkg) => keys.has(recordKeyOf(pkg) ?? ''));
    for (const pkg of remaining) found.introduced.set(pkg, layer);
  }
  return bytesLeft;
}

/** By path, bottom first: as each layer left it that wrote the file or its log. */
function versionsOf(stack: LayerStack, paths: ReadonlyMap<string, unknown>): ReadonlyMap<string, readonly Version[]> {
  const versions = new Map<string, Version[]>();
  const logs = new Map<string, Uint8Array>();
  for (const { ruleId, path, bytes, layer } of layerCaptures(stack, [...RECORD_KEYS.keys(), RPM_LOG_RULE])) {
    const isLog = ruleId === RPM_LOG_RULE;
    const database = isLog ? path.slice(0, -LOG_SUFFIX.length) : path;
    if (!paths.has(database)) continue;
    const there = versions.get(database) ?? [];
    versions.set(database, there);
    const before = there.at(-1);
    if (isLog) logs.set(database, bytes);
    const keysOf = RECORD_KEYS.get(ruleId) ?? before?.keysOf;
    const content = isLog ? before?.bytes : bytes;
    if (keysOf === undefined || content === undefined) continue;
    // in one layer file and log come in any order
    if (before?.layer === layer) there.pop();
    there.push({ layer, bytes: content, log: logs.get(database), keysOf });
  }
  return versions;
}
