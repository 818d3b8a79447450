import type { CapturedFile } from '../../filesystem/index.ts';
import { plainVersion } from './record.ts';

/** A distribution that a record in `.meta` tells of. */
export interface CpanRecord {
  /** Its library. */
  readonly group: string;
  readonly name: string;
  readonly version: string | undefined;
  readonly module: string;
  readonly file: CapturedFile;
  readonly packlist: CapturedFile | undefined;
}

/**
 * cpanm leaves the record of a version in place when it installs another one over it; a library holds a module once. Which one it holds is told by
 * the layer of the list of its files, which each installation writes anew, or by perl's log.
 * @param loggedVersion the version that perl's log gives to the record's module, in its library
 * @returns records that are in force, each with those of the same distribution that it has replaced; all of them where nothing decides
 */
export function withoutReplaced<Item extends CpanRecord>(
  records: readonly Item[],
  loggedVersion: (record: Item) => string | undefined,
): ReadonlyMap<Item, readonly Item[]> {
  const distributions = Map.groupBy(records, ({ group, name, module }) => `${group}\0${name}\0${module}`);
  const current = new Map<Item, readonly Item[]>();
  for (const same of distributions.values()) {
    const kept = same.length < 2 ? undefined : (ofLayer(same) ?? ofVersion(same, loggedVersion));
    if (kept === undefined) for (const record of same) current.set(record, []);
    else
      current.set(
        kept,
        same.filter((record) => record !== kept),
      );
  }
  return current;
}

/** The one record that came in the layer of the list of files, when all others came before. */
function ofLayer<Item extends CpanRecord>(records: readonly Item[]): Item | undefined {
  const layer = records[0]?.packlist?.entry.layer;
  if (layer === undefined || records.some(({ file }) => file.entry.layer > layer)) return undefined;
  return onlyOne(records.filter(({ file }) => file.entry.layer === layer));
}

function ofVersion<Item extends CpanRecord>(
  records: readonly Item[],
  loggedVersion: (record: Item) => string | undefined,
): Item | undefined {
  const [first] = records;
  const version = first === undefined ? undefined : plainVersion(loggedVersion(first));
  return version === undefined ? undefined : onlyOne(records.filter((record) => record.version === version));
}

function onlyOne<Item>(items: readonly Item[]): Item | undefined {
  return items.length === 1 ? items[0] : undefined;
}
