import { LIMITS } from '../../core/index.ts';
import { DIGEST_BYTES, type DigestAlgorithm } from '../../filesystem/index.ts';
import { RPM_TAGS, type RpmHeader } from '../../formats/index.ts';
import type { RecordedFile } from '../../packages/index.ts';
import { recordedLink } from './recorded-paths.ts';

/** One installed package as its header, or the line of a manifest, describes it. */
export interface RpmRecord {
  readonly name: string;
  /** Version and release: `1.2.3-4.el9`. Absent when either is missing or cannot be one. */
  readonly version?: string;
  /** Absent is not 0. */
  readonly epoch?: number;
  readonly architecture?: string;
  readonly vendor?: string;
  readonly license?: string;
  /** File name of the source package. */
  readonly sourceRpm?: string;
  readonly summary?: string;
  readonly url?: string;
  readonly modularityLabel?: string;
  /** Absolute paths as packaged: files, links, folders, and what is only reserved. Absent when the record lists none by its nature. */
  readonly listed?: readonly string[];
  /** Those that installing puts on disk. */
  readonly installed: readonly string[];
  /** Those of `installed` that are configuration. */
  readonly configuration: readonly string[];
  /** By path of `installed`, the digest of its content. Absent unless asked for. */
  readonly recorded?: ReadonlyMap<string, RecordedFile>;
  /** Those of `recorded` whose content rpm is told not to verify: caches and what else scripts make anew. */
  readonly unverified?: readonly string[];
  /** Those of `recorded` that may be missing. */
  readonly optional?: readonly string[];
  /** What it provides besides its name. */
  readonly provides: readonly string[];
  /** Names and paths it needs. */
  readonly requires: readonly string[];
}

/**
 * Bounds what the records of all databases of an image take: neither long folders before short names, nor millions of names, nor lists that many
 * headers share may need gigabytes or minutes.
 */
export class RecordBudget {
  #chars = 128 * 1024 * 1024;
  #values = 4_000_000;
  #incomplete = 0;

  /** The strings of a header's list, or none when there were too many. */
  takeTexts(header: RpmHeader, tag: number): readonly string[] {
    if (this.isSpent) return [];
    const texts = header.texts(tag);
    if (texts.length < header.count(tag)) this.#incomplete += 1;
    this.#values -= texts.length;
    for (const text of texts) this.#chars -= text.length;
    return this.isSpent ? [] : texts;
  }

  /** false when the path is too long, or when all were together. */
  takePath(chars: number): boolean {
    this.#chars -= chars;
    return !this.isSpent && chars < LIMITS.pathBytes;
  }

  /** How many lists ended before they should, or speak of folders that are not there. */
  get incomplete(): number {
    return this.#incomplete;
  }

  /** A path without a folder. */
  noteMissingFolder(): void {
    this.#incomplete += 1;
  }

  get isSpent(): boolean {
    return this.#chars < 0 || this.#values < 0;
  }
}

const NAME = /^[A-Za-z0-9._+-][A-Za-z0-9._+%{}-]{0,255}$/;
const VERSION = /^[A-Za-z0-9._+%{}~^-]{1,255}$/;
const ARCHITECTURE = /^[A-Za-z0-9_-]{1,64}$/;
const SOURCE_RPM = /^[A-Za-z0-9._+%{}~^-]{1,512}\.rpm$/;
const MODULARITY_LABEL = /^[A-Za-z0-9._+~^:-]{1,256}$/;
const CONFIGURATION = 1;
const MISSING_OK = 8;
const GHOST = 64;
/** Of the flags that say what is verified. */
const VERIFY_DIGEST = 1;
const VERIFY_LINK = 16;
const NORMAL_STATE = 0;
const MAX_EPOCH = 0xffffffff;

/** The fields of one package before they are checked. */
interface RpmFields {
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly release: string | undefined;
  readonly epoch: number | undefined;
  readonly architecture: string | undefined;
  readonly vendor: string | undefined;
  readonly sourceRpm: string | undefined;
}

/** What identifies a package, each field checked: what cannot be one is left out. undefined without a name that can be one. */
export function rpmIdentity(
  fields: RpmFields,
): Pick<RpmRecord, 'name' | 'version' | 'epoch' | 'architecture' | 'vendor' | 'sourceRpm'> | undefined {
  const { name = '', version = '', release = '', epoch } = fields;
  if (!NAME.test(name)) return undefined;
  const isVersion = VERSION.test(version) && VERSION.test(release) && isKnown(version) && isKnown(release);
  const isEpoch = epoch !== undefined && Number.isSafeInteger(epoch) && epoch >= 0 && epoch <= MAX_EPOCH;
  return {
    name,
    ...(isVersion ? { version: `${version}-${release}` } : {}),
    ...(isEpoch ? { epoch } : {}),
    ...present('architecture', fields.architecture, ARCHITECTURE),
    ...present('vendor', fields.vendor),
    ...present('sourceRpm', fields.sourceRpm, SOURCE_RPM),
  };
}

/** A package out of its header, with the digests of its files when asked for; undefined without a name that can be one. */
export function rpmRecord(header: RpmHeader, budget: RecordBudget, withDigests = false): RpmRecord | undefined {
  const identity = rpmIdentity({
    name: header.text(RPM_TAGS.name),
    version: header.text(RPM_TAGS.version),
    release: header.text(RPM_TAGS.release),
    epoch: header.numbers(RPM_TAGS.epoch)[0],
    architecture: header.text(RPM_TAGS.architecture),
    vendor: header.text(RPM_TAGS.vendor),
    sourceRpm: header.text(RPM_TAGS.sourceRpm),
  });
  if (identity === undefined) return undefined;
  return {
    ...identity,
    ...present('license', header.text(RPM_TAGS.license)),
    ...present('summary', header.text(RPM_TAGS.summary)),
    ...present('url', header.text(RPM_TAGS.url)),
    ...present('modularityLabel', header.text(RPM_TAGS.modularityLabel), MODULARITY_LABEL),
    ...filesOf(header, budget, withDigests),
    provides: budget.takeTexts(header, RPM_TAGS.provideName),
    requires: budget.takeTexts(header, RPM_TAGS.requireName),
  };
}

/** The digest algorithms of OpenPGP that rpm uses. @see https://www.rfc-editor.org/rfc/rfc9580#section-9.5 */
const DIGESTS: ReadonlyMap<number, DigestAlgorithm> = new Map([
  [1, 'md5'],
  [2, 'sha1'],
  [8, 'sha256'],
  [9, 'sha384'],
  [10, 'sha512'],
]);
const MD5 = 1;

function filesOf(
  header: RpmHeader,
  budget: RecordBudget,
  withDigests: boolean,
): Required<Pick<RpmRecord, 'listed' | 'installed' | 'configuration'>> &
  Pick<RpmRecord, 'recorded' | 'unverified' | 'optional'> {
  const listed: string[] = [];
  const installed: string[] = [];
  const configuration: string[] = [];
  const unverified: string[] = [];
  const optional: string[] = [];
  const recorded = new Map<string, RecordedFile>();
  const paths = pathsOf(header, budget);
  const flags = paths.length === 0 ? [] : header.numbers(RPM_TAGS.fileFlags);
  const states = paths.length === 0 ? [] : header.numbers(RPM_TAGS.fileStates);
  const verified = paths.length === 0 ? [] : header.numbers(RPM_TAGS.fileVerifyFlags);
  const digestAt = withDigests && paths.length > 0 ? digestsOf(header, budget) : () => undefined;
  for (const [index, path] of paths.entries()) {
    if (path === undefined) continue;
    listed.push(path);
    const flag = flags[index] ?? 0;
    // other states: replaced by another package's file, not wanted, on a shared disk, of the wrong word size
    if ((flag & GHOST) !== 0 || (states[index] ?? NORMAL_STATE) !== NORMAL_STATE) continue;
    installed.push(path);
    if ((flag & CONFIGURATION) !== 0) configuration.push(path);
    const digest = digestAt(index);
    if (digest === undefined) continue;
    recorded.set(path, digest.file);
    if (((verified[index] ?? digest.check) & digest.check) === 0) unverified.push(path);
    if ((flag & MISSING_OK) !== 0) optional.push(path);
  }
  return { listed, installed, configuration, ...(recorded.size === 0 ? {} : { recorded, unverified, optional }) };
}

/** One digest, and the flag of what verifies it. */
interface FileDigest {
  readonly file: RecordedFile;
  readonly check: number;
}

/** Digests by the index of their file, of links those of their targets; of folders there are none. One in an algorithm that is not known says that there is a file. */
function digestsOf(header: RpmHeader, budget: RecordBudget): (index: number) => FileDigest | undefined {
  const targets = budget.takeTexts(header, RPM_TAGS.fileLinkTargets);
  const known = DIGESTS.get(header.numbers(RPM_TAGS.fileDigestAlgorithm)[0] ?? MD5);
  const digests = budget.takeTexts(header, RPM_TAGS.fileDigests);
  return (index) => {
    const hex = digests[index] ?? '';
    if (hex === '') {
      const file = recordedLink(targets[index] ?? '');
      return file === undefined ? undefined : { file, check: VERIFY_LINK };
    }
    if (!/^[0-9a-f]{8,256}$/.test(hex) || (known !== undefined && hex.length !== 2 * DIGEST_BYTES[known]))
      return undefined;
    return { file: { algorithm: known ?? 'other', hex }, check: VERIFY_DIGEST };
  };
}

/** By index, undefined where a path is too long or its folder missing; very old headers hold them whole. */
function pathsOf(header: RpmHeader, budget: RecordBudget): readonly (string | undefined)[] {
  const names = budget.takeTexts(header, RPM_TAGS.baseNames);
  if (names.length === 0) {
    const paths = budget.takeTexts(header, RPM_TAGS.oldFileNames);
    return paths.map((path) => (budget.takePath(path.length) ? path : undefined));
  }
  const folders = budget.takeTexts(header, RPM_TAGS.directoryNames);
  const indexes = header.numbers(RPM_TAGS.directoryIndexes);
  return names.map((name, index) => {
    const folder = folders[indexes[index] ?? -1];
    if (folder === undefined) budget.noteMissingFolder();
    return folder !== undefined && budget.takePath(folder.length + name.length) ? folder + name : undefined;
  });
}

function present<K extends string>(
  key: K,
  value: string | undefined,
  pattern: RegExp = /\S/,
): { readonly [P in K]?: string } {
  const text = value?.trim() ?? '';
  return pattern.test(text) && isKnown(text) ? ({ [key]: text } as { readonly [P in K]?: string }) : {};
}

/** rpm prints `(none)` for what is absent, and some tools have stored that. */
function isKnown(text: string): boolean {
  return text !== '' && text !== '(none)';
}
