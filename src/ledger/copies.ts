import { createHash } from 'node:crypto';
import { compareCodeUnits } from '../core/index.ts';
import {
  DIGEST_ALGORITHMS,
  DIGEST_BYTES,
  type CaptureRule,
  type FileEntry,
  type FileId,
  type FileView,
} from '../filesystem/index.ts';
import type { Package, RecordedFile } from '../packages/index.ts';
import { isExecutable } from './classify.ts';
import type { LedgerRow } from './columns.ts';
import { isOsPackage } from './owners.ts';
import { COPIES, LEDGER_RULES } from './rules.ts';
import type { LedgerClass } from './types.ts';

/** Of more files than this it is not asked: images whose files nobody knows have millions. */
const MAX_FILES = 100_000;
const SETTINGS = LEDGER_RULES.findIndex(({ id }) => id === 'system-settings');
/** In the order in which the digests of one file are looked up. */
const ALGORITHMS = DIGEST_ALGORITHMS.toSorted(compareCodeUnits);
/** Shorter files are alike by chance. */
const MIN_BYTES = 64;

/** Of what every account gets as its own copy from `/etc/skel`; no pass takes digests of people's folders. */
export const SKELETON_CAPTURE: CaptureRule = {
  id: 'ledger/skeletons',
  names: ['.bashrc', '.profile', '.bash_logout', '.bash_profile', '.cshrc', '.zshrc', '.kshrc', '.mkshrc'],
  maxBytes: 64 * 1024,
};
const SKELETONS: ReadonlySet<string> = new Set(SKELETON_CAPTURE.names);

/** A file that may be a copy. */
interface Candidate {
  readonly id: FileId;
  /** What it counts as so far. */
  readonly from: LedgerClass;
  readonly bytes: number;
  readonly isExecutable: boolean;
  /** Of its content, as far as the pass over the layers made any. */
  readonly digests: readonly string[];
}

/** A file of which that is known. */
export interface FoundCopy extends Omit<Candidate, 'digests'> {
  readonly row: LedgerRow;
}

/**
 * Files of which nothing is known by their path, to be held against what packages record of theirs: CUPS links its backends to a second place, Tomcat and
 * memcached copy their configuration. A class, as all of them are looked up at once.
 */
export class PossibleCopies {
  readonly #view: FileView;
  readonly #candidates: Candidate[] = [];

  constructor(view: FileView) {
    this.#view = view;
  }

  /**
   * A file of which nothing is known, or only that it lies where maintainer scripts write. Only what has a digest can be told. What runs with more rights than
   * who starts it is no mere copy.
   */
  add(entry: FileEntry, row: LedgerRow): void {
    if (row.class !== 'unaccounted' && row.rule !== SETTINGS) return;
    if (entry.type !== 'file' || entry.sizeBytes < MIN_BYTES || this.#candidates.length >= MAX_FILES) return;
    if ((entry.mode & 0o7000) !== 0 || entry.xattrs?.['security.capability'] !== undefined) return;
    const digests = this.#digestsOf(entry);
    if (digests.length === 0) return;
    const { id, sizeBytes: bytes } = entry;
    this.#candidates.push({ id, from: row.class, bytes, isExecutable: isExecutable(entry), digests });
  }

  #digestsOf({ path }: FileEntry): readonly string[] {
    const taken = ALGORITHMS.flatMap((algorithm) => this.#view.contentDigest(path, algorithm) ?? []);
    if (taken.length > 0 || !SKELETONS.has(path.slice(path.lastIndexOf('/') + 1))) return taken;
    const bytes = this.#view.read(path);
    return bytes === undefined ? [] : ALGORITHMS.map((algorithm) => createHash(algorithm).update(bytes).digest('hex'));
  }

  /** Those that are copies, with the package: of the operating system where one of these records the content, else the first that does. */
  find(packages: readonly Package[]): readonly FoundCopy[] {
    const wanted = new Set(this.#candidates.flatMap(({ digests }) => digests));
    const owners = new Map<string, number>();
    const indexes = [...packages.keys()];
    for (const isOs of wanted.size === 0 ? [] : [true, false]) {
      for (const owner of indexes.filter((index) => isOsPackage(packages[index]) === isOs)) {
        for (const { algorithm, hex } of packages[owner]?.recordedFiles?.values() ?? []) {
          // some records are cut
          if (!wanted.has(hex) || !isWhole(algorithm, hex) || owners.has(hex)) continue;
          owners.set(hex, owner);
        }
      }
    }
    const rule = LEDGER_RULES.indexOf(COPIES);
    return this.#candidates.flatMap(({ digests, ...file }) => {
      const owner = digests.map((hex) => owners.get(hex)).find((index) => index !== undefined);
      return owner === undefined ? [] : [{ ...file, row: { class: COPIES.class, rule, owner } }];
    });
  }
}

function isWhole(algorithm: RecordedFile['algorithm'], hex: string): boolean {
  return algorithm !== 'other' && hex.length === 2 * DIGEST_BYTES[algorithm];
}
