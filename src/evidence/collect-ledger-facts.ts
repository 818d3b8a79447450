import { compareCodeUnits } from '../core/index.ts';
import type { FileEntry, FileView } from '../filesystem/index.ts';
import type { Ledger, LedgerFinding } from '../ledger/index.ts';
import type { CountedFile, CountedFiles, LedgerFacts, StrippedPart, UnreadPart } from './ledger-facts.ts';
import { listed } from './listed.ts';

const MAX_FILES = 1000;

export interface LedgerFactsInput {
  /** Built without a base, with integrity, and with what tells of a stripped inventory. */
  readonly ledger: Ledger;
  /** Of all layers. */
  readonly view: FileView;
  /** The image with only its bottom layers, for each locked base that they are; by ascending number of layers. */
  readonly bases: readonly { readonly layerCount: number; readonly view: FileView }[];
  /** Everything that could not be read of layers (source `image`) and packages. */
  readonly diagnostics: readonly UnreadPart[];
  /** Ids of the catalogers whose packages record what their files contain. */
  readonly recorders: ReadonlySet<string>;
}

/** What the ledger says, as facts for a policy: exact counts, capped lists, and of each file which locked base has it just so. One pass over the ledger. */
export function collectLedgerFacts(input: LedgerFactsInput): LedgerFacts {
  const { ledger } = input;
  const counters = { unaccounted: new Counter(input), modified: new Counter(input), setuid: new Counter(input) };
  for (const { path, type, layer, isExecutable, class: found, integrity, mode, owner } of ledger.entries()) {
    const about = owner === undefined ? {} : { owner: owner.purl ?? owner.id };
    if (isExecutable && found === 'unaccounted') counters.unaccounted.add({ path, layer });
    if (integrity === 'modified') counters.modified.add({ path, layer, ...about });
    if (type === 'file' && isPrivileged(input.view, path, mode)) counters.setuid.add({ path, layer, mode, ...about });
  }
  const notCompared = ledger.findings
    .filter((finding) => finding.kind === 'not-checked')
    .reduce((sum, { files }) => sum + files, 0);
  return {
    compared: ledger.totals.integrity.verified + ledger.totals.integrity.modified,
    unaccountedExecutables: counters.unaccounted.finish(),
    modifiedPackageFiles: counters.modified.finish(),
    setuid: counters.setuid.finish(),
    ...unreadOf(input),
    notCompared,
    stripped: listed(ledger.findings.flatMap(strippedPart)),
  };
}

/** A file that was too large for a rule: its entry is known all the same. */
const NOT_CAPTURED = 'file-too-large';
/** Where package managers keep their records. */
const RECORDS = /\/(?:dpkg|apk\/db|rpm|sysimage\/rpm|pacman\/local|db\/pkg|chisel|conda-meta)\/|\.(?:dist|egg)-info\//;

function unreadOf({
  diagnostics,
  recorders,
}: LedgerFactsInput): Pick<LedgerFacts, 'unreadLayers' | 'unreadRecords' | 'unreadPackages'> {
  const layers = diagnostics.filter(({ source, code }) => source === 'image' && code !== NOT_CAPTURED);
  const records = diagnostics.filter(
    ({ source, code, path = '' }) =>
      recorders.has(source) || (source === 'image' && code === NOT_CAPTURED && RECORDS.test(path)),
  );
  const rest = diagnostics.filter((diagnostic) => !layers.includes(diagnostic) && !records.includes(diagnostic));
  return {
    unreadLayers: listed(unreadParts(layers)),
    unreadRecords: listed(unreadParts(records)),
    unreadPackages: listed(unreadParts(rest)),
  };
}

/** Diagnostics by path, each once. */
export function unreadParts(diagnostics: readonly UnreadPart[]): readonly UnreadPart[] {
  const byKey = new Map(
    diagnostics.map(({ code, source, path }) => [
      `${path ?? ''}\0${code}\0${source}`,
      { code, source, ...(path === undefined ? {} : { path }) },
    ]),
  );
  return [...byKey].toSorted(([a], [b]) => compareCodeUnits(a, b)).map(([, part]) => part);
}

function strippedPart(finding: LedgerFinding): readonly StrippedPart[] {
  if (finding.kind === 'database-removed') {
    const { kind, path, layer, removedInLayer } = finding;
    return [{ kind, path, layer: Math.max(0, layer), removedInLayer: Math.max(0, removedInLayer) }];
  }
  if (finding.kind !== 'orphaned-list' && finding.kind !== 'orphaned-copyright') return [];
  return [{ kind: finding.kind, path: finding.path, layer: Math.max(0, finding.layer) }];
}

/** Counts files of one kind against every base. */
class Counter {
  readonly #input: LedgerFactsInput;
  readonly #files: CountedFile[] = [];
  readonly #others: CountedFile[] = [];
  readonly #beyond: number[];
  #count = 0;

  constructor(input: LedgerFactsInput) {
    this.#input = input;
    this.#beyond = input.bases.map(() => 0);
  }

  /** In the order of paths. */
  add(file: Omit<CountedFile, 'bases'>): void {
    this.#count += 1;
    const { view, bases } = this.#input;
    const had: number[] = [];
    const entry = bases.length === 0 ? undefined : view.lookup(file.path.slice(1));
    for (const [index, base] of bases.entries()) {
      if (entry !== undefined && isSameFile(view, base.view, entry)) had.push(base.layerCount);
      else this.#beyond[index] = (this.#beyond[index] ?? 0) + 1;
    }
    const list = had.length === 0 ? this.#files : this.#others;
    if (list.length < MAX_FILES) list.push({ ...file, layer: Math.max(0, file.layer), bases: had });
  }

  finish(): CountedFiles {
    const kept = [...this.#files, ...this.#others].slice(0, MAX_FILES);
    return {
      count: this.#count,
      beyond: this.#input.bases.map(({ layerCount }, index) => ({ layerCount, count: this.#beyond[index] ?? 0 })),
      files: kept.toSorted((a, b) => compareCodeUnits(a.path, b.path)),
    };
  }
}

const CAPABILITY = 'security.capability';

/** Runs with more than its user has: setuid, setgid, or file capabilities, which mean something on what can be executed. */
function isPrivileged(view: FileView, path: string, mode: number): boolean {
  if ((mode & 0o6000) !== 0) return true;
  return (mode & 0o111) !== 0 && capabilityOf(view.lookup(path.slice(1))) !== undefined;
}

function capabilityOf(entry: FileEntry | undefined): string | undefined {
  return entry?.xattrs !== undefined && Object.hasOwn(entry.xattrs, CAPABILITY) ? entry.xattrs[CAPABILITY] : undefined;
}

/** Whether a base has the same file; one that was written again counts only when its content is known to be the same. */
function isSameFile(final: FileView, base: FileView, entry: FileEntry): boolean {
  const before = base.lookup(entry.path);
  if (before === undefined || before.path !== entry.path || before.type !== entry.type) return false;
  if (before.mode !== entry.mode || before.uid !== entry.uid || before.gid !== entry.gid) return false;
  if (before.sizeBytes !== entry.sizeBytes || capabilityOf(before) !== capabilityOf(entry)) return false;
  if (before.layer === entry.layer) return true;
  if (entry.type === 'symlink') return before.linkTarget === entry.linkTarget;
  const content = final.contentDigest(entry.path, 'sha256');
  return content !== undefined && content === base.contentDigest(entry.path, 'sha256');
}
