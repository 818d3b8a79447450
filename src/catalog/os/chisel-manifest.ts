import type { WallRecord } from '../../formats/index.ts';
import type { RecordedFile } from '../../packages/index.ts';
import { recordedLink } from './recorded-paths.ts';

/** One package of which slices were cut. */
export interface ChiselPackage {
  readonly name: string;
  readonly version?: string;
  readonly architecture?: string;
  /** SHA-256 of the `.deb` the slices are from, in hex. */
  readonly archiveSha256?: string;
  /** Names of its slices, sorted: `bins` of `openssl_bins`. */
  readonly slices: readonly string[];
  /** Paths of its slices, folders too, as the manifest has them. */
  readonly paths: readonly string[];
  readonly recorded: ReadonlyMap<string, RecordedFile>;
}

export interface ChiselManifest {
  /** Sorted by name. */
  readonly packages: readonly ChiselPackage[];
  /** What is no package, slice or path that can be one; the first thousand. */
  readonly problems: readonly { readonly code: string; readonly message: string }[];
}

interface Draft {
  readonly record: WallRecord;
  readonly slices: Set<string>;
  readonly paths: Set<string>;
  readonly recorded: Map<string, RecordedFile>;
}

const NAME = /^[a-z0-9][a-z0-9+.-]{0,255}$/;
const VERSION = /^[A-Za-z0-9.+:~_-]{1,255}$/;
const ARCHITECTURE = /^[a-z0-9][a-z0-9-]{0,63}$/;
const SLICE = /^([a-z0-9][a-z0-9+.-]{0,255})_([a-z0-9-]{1,255})$/;
const SHA256 = /^[0-9a-f]{64}$/;
const MAX_PATH_CHARS = 4096;
/** A path belongs to a handful of slices. */
const MAX_SLICES_OF_PATH = 256;
/** What packages own, together. */
const MAX_OWNED = 2_000_000;
const MAX_PROBLEMS = 1000;

/** The fields of the manifest's lines that say something of packages. */
export const CHISEL_FIELDS: readonly string[] = 'kind name version arch sha256 final_sha256 path slices link'.split(
  ' ',
);

/**
 * Makes packages of the records of Chisel's manifest. Hostile input: never throws, linear.
 * @see https://documentation.ubuntu.com/chisel/en/latest/reference/manifest/
 */
export function chiselManifest(records: readonly WallRecord[]): ChiselManifest {
  const problems: { readonly code: string; readonly message: string }[] = [];
  const report = (code: string, message: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push({ code, message });
  };
  const drafts = new Map<string, Draft>();
  for (const record of records) {
    if (record['kind'] !== 'package') continue;
    const name = textOf(record, 'name', NAME);
    if (name === undefined) report('malformed-manifest', 'a package has no name that can be one; it is missing');
    else if (drafts.has(name)) report('duplicate-package', `${name} stands twice; the first counts`);
    else drafts.set(name, { record, slices: new Set(), paths: new Set(), recorded: new Map() });
  }
  let owned = 0;
  for (const record of records) {
    if (record['kind'] === 'slice') {
      const [, name = '', slice = ''] = SLICE.exec(textOf(record, 'name', SLICE) ?? '') ?? [];
      drafts.get(name)?.slices.add(slice);
    } else if (record['kind'] === 'path') {
      const path = textOf(record, 'path', /^\//);
      if (path === undefined || path.length > MAX_PATH_CHARS) {
        report('malformed-manifest', 'a path is none; it is left out');
        continue;
      }
      for (const draft of ownersOf(record, drafts)) {
        owned += 1;
        if (owned > MAX_OWNED) break;
        addPath(draft, path, record);
      }
    }
  }
  if (owned > MAX_OWNED)
    problems.push({ code: 'database-too-large', message: 'has more paths than any real image; the rest is left out' });
  const names = [...drafts.keys()].toSorted();
  return { packages: names.map((name) => packageOf(name, drafts.get(name)!)), problems };
}

function ownersOf(record: WallRecord, drafts: ReadonlyMap<string, Draft>): ReadonlySet<Draft> {
  const owners = new Set<Draft>();
  const slices = record['slices'];
  for (const slice of typeof slices === 'object' ? slices.slice(0, MAX_SLICES_OF_PATH) : []) {
    const name = SLICE.exec(slice)?.[1];
    const draft = name === undefined ? undefined : drafts.get(name);
    if (draft !== undefined) owners.add(draft);
  }
  return owners;
}

function addPath(draft: Draft, path: string, record: WallRecord): void {
  draft.paths.add(path);
  // scripts of slices change files after they were cut; the second digest is that of the result
  const hex = textOf(record, 'final_sha256', SHA256) ?? textOf(record, 'sha256', SHA256);
  const link = textOf(record, 'link', /./);
  const recorded: RecordedFile | undefined =
    hex !== undefined ? { algorithm: 'sha256', hex } : link !== undefined ? recordedLink(link) : undefined;
  if (recorded !== undefined) draft.recorded.set(path, recorded);
}

function packageOf(name: string, draft: Draft): ChiselPackage {
  const version = textOf(draft.record, 'version', VERSION);
  const architecture = textOf(draft.record, 'arch', ARCHITECTURE);
  const archiveSha256 = textOf(draft.record, 'sha256', SHA256);
  return {
    name,
    ...(version === undefined ? {} : { version }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(archiveSha256 === undefined ? {} : { archiveSha256 }),
    slices: [...draft.slices].toSorted(),
    paths: [...draft.paths],
    recorded: draft.recorded,
  };
}

function textOf(record: WallRecord, key: string, pattern: RegExp): string | undefined {
  const value = record[key];
  return typeof value === 'string' && pattern.test(value) ? value : undefined;
}
