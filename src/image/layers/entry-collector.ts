import {
  KeyMarks,
  LayerRecorder,
  RecordKind,
  type CaptureMatcher,
  type DigestGate,
  type LayerRecords,
  type StackDiagnostic,
} from '../../filesystem/index.ts';
import type { TarMember } from '../../formats/index.ts';
import { ContentSink, type KeptContent } from './content-sink.ts';
import { CAPTURES_TOO_LARGE } from './captured-layers.ts';
import { mayHaveKind } from './executable-structure.ts';
import type { FileTask } from './file-task.ts';
import { ZIP_FIRST_BYTE } from './unnamed-zip.ts';
import type { LayerLimits, SecondLook } from './layer-job.ts';
import type { ByteSpan } from './scratch.ts';

/** An entry of a layer or of a directory tree. */
export type CollectedEntry = Pick<
  TarMember,
  'path' | 'type' | 'mode' | 'uid' | 'gid' | 'mtime' | 'sizeBytes' | 'linkTarget' | 'xattrs' | 'sparse'
>;

const KINDS: Readonly<Record<CollectedEntry['type'], RecordKind>> = {
  file: RecordKind.File,
  hardlink: RecordKind.HardLink,
  symlink: RecordKind.Symlink,
  'character-device': RecordKind.CharacterDevice,
  'block-device': RecordKind.BlockDevice,
  directory: RecordKind.Directory,
  fifo: RecordKind.Fifo,
};

/** Sparse files are mostly holes: beyond this size their content is not made up and looked at. */
const MAX_SPARSE_BYTES = 1024 * 1024 * 1024;
const MAX_DIAGNOSTICS = 1000;
const NO_RULES: readonly number[] = [];
/** Shorter than any header. */
const SMALLEST_EXECUTABLE = 64;
const SMALLEST_SCRIPT = 3;
/** With an entry that says anything. */
const SMALLEST_ZIP = 512;

/**
 * What archives of a layer may hold together, beyond its stored bytes: real ones are hardly larger than these, those that were not compressed some times. A
 * layer of many that are alike could else make of a megabyte hours of work.
 */
const ARCHIVE_EXPANSION = 16;
const ARCHIVE_FREE_BYTES = 64 * 1024 * 1024;

export interface CollectorOptions {
  readonly matcher: CaptureMatcher;
  readonly limits: LayerLimits;
  /** Bytes that the layer has as it is stored; infinite for a directory, whose files lie there as large as they are. */
  readonly storedBytes: number;
}

/**
 * Turns entries, in the order they come, into records, captured bytes and digests: what a capture plan asks for, hard links included. Used
 * for tar members and for files of a directory tree alike.
 */
export class EntryCollector {
  readonly #label: string;
  readonly #limits: LayerLimits;
  readonly #matcher: CaptureMatcher;
  readonly #recorder: LayerRecorder;
  readonly #sink: ContentSink;
  readonly #linkSources: ReadonlyMap<string, readonly number[]>;
  readonly #executables: ReadonlyMap<string, readonly ByteSpan[]>;
  readonly #digestGate: DigestGate;
  readonly #diagnostics: StackDiagnostic[] = [];
  readonly #keptByPath = new Map<string, KeptContent>();
  readonly #keptMarks = new KeyMarks(1 << 16);
  readonly #missingSources = new Map<string, Set<number>>();
  readonly #missingExecutables: { path: string; spans: readonly ByteSpan[] }[] = [];
  #current = '';
  #sparseBytes = 0;
  /** Files, or what was made of them, that were not captured because there was too much already. */
  #uncaptured = 0;
  #firstUncaptured: string | undefined;
  #undiagnosed = 0;
  /** The current file when nothing but its kind is wanted to be known, while nothing of it was seen. */
  #unseen: FileTask | undefined;

  /** @param label names the layer or directory in messages */
  constructor(label: string, secondLook: SecondLook, options: CollectorOptions) {
    this.#label = label;
    this.#limits = options.limits;
    this.#matcher = options.matcher;
    this.#recorder = new LayerRecorder(options.matcher.ruleIds);
    this.#sink = new ContentSink(this.#recorder, options.matcher, {
      diagnose: (diagnostic) => this.diagnose(diagnostic),
      mayCapture: (path, bytes) => this.#mayCapture(path, bytes),
      budget: { bytesLeft: options.storedBytes * ARCHIVE_EXPANSION + ARCHIVE_FREE_BYTES },
    });
    this.#linkSources = new Map(secondLook.linkSources.map(({ path, rules }) => [path, rules]));
    this.#executables = new Map(secondLook.executables.map(({ path, spans }) => [path, spans]));
    this.#digestGate = options.matcher.digestGate();
  }

  get count(): number {
    return this.#recorder.count;
  }

  finish(): { records: LayerRecords; diagnostics: readonly StackDiagnostic[]; missing: SecondLook } {
    const linkSources = [...this.#missingSources].map(([path, rules]) => ({ path, rules: [...rules] }));
    return {
      records: this.#recorder.finish(),
      diagnostics: this.#allDiagnostics(),
      missing: { linkSources, executables: this.#missingExecutables },
    };
  }

  /** Takes an entry; true means that its content is wanted: `content` calls, then `contentEnd`. */
  member(member: CollectedEntry): boolean {
    const kind = KINDS[member.type];
    this.#digestGate.see(member.path);
    const record = this.#recorder.add(member, kind);
    if (record < 0) return false;
    if (kind === RecordKind.HardLink) {
      this.#hardLink(record, member);
      return false;
    }
    // another entry of this path ends what hard links could have shared
    this.#forget(member.path);
    return kind === RecordKind.File && this.#beginFile(record, member);
  }

  #beginFile(record: number, member: CollectedEntry): boolean {
    const { path, sizeBytes } = member;
    const matcher = this.#matcher;
    const digests = this.#digestGate.wanted(path, sizeBytes);
    const matching = matcher.matchingRules(path);
    const fitting = matching.length === 0 ? NO_RULES : matching.filter((rule) => this.#fits(rule, path, sizeBytes));
    const rules = fitting.length === 0 ? [] : fitting.filter((rule) => !matcher.extracts(rule));
    const extractRules = fitting.length === 0 ? NO_RULES : fitting.filter((rule) => matcher.extracts(rule));
    const forLinks =
      this.#linkSources.size === 0
        ? NO_RULES
        : (this.#linkSources.get(path) ?? NO_RULES).filter((rule) => sizeBytes <= matcher.rule(rule).maxBytes);
    if (forLinks.some((rule) => !matcher.extracts(rule))) rules.push(matcher.linkSourceRule);
    if (rules.length > 0 && !this.#mayCapture(path, sizeBytes)) rules.length = 0;
    const linkRules =
      forLinks.length === 0
        ? NO_RULES
        : forLinks.filter((rule) => matcher.extracts(rule) && !extractRules.includes(rule));
    const executableRules = sizeBytes >= SMALLEST_EXECUTABLE ? matcher.executableRules : NO_RULES;
    const notesKind = sizeBytes >= SMALLEST_SCRIPT && matcher.executableRules.length > 0;
    const named = rules.length + extractRules.length + linkRules.length;
    const zipRules = sizeBytes < SMALLEST_ZIP ? NO_RULES : matcher.zipRules(path);
    if (named === 0 && !notesKind && digests.length === 0 && zipRules.length === 0) return false;
    if (member.sparse && !this.#allowsSparse(path, sizeBytes)) return false;
    this.#current = path;
    const spans = this.#executables.size === 0 ? undefined : this.#executables.get(path);
    const task = {
      record,
      path,
      sizeBytes,
      rules,
      extractRules,
      linkRules,
      executableRules,
      zipRules,
      notesKind,
      spans,
      digests,
    };
    const isLookedAt = this.#linkSources.size > 0 || this.#executables.size > 0;
    if (named === 0 && digests.length === 0 && !isLookedAt) this.#unseen = task;
    else this.#sink.begin(task);
    return true;
  }

  /** The first byte of the file that `member` wanted, where it is known before `content`: false ends the file. */
  firstByte(byte: number): boolean {
    if (this.#unseen === undefined || mayHaveKind(byte)) return true;
    if (byte === ZIP_FIRST_BYTE && this.#unseen.zipRules.length > 0) return true;
    this.#unseen = undefined;
    return false;
  }

  /** Nearly all files end at their first byte: for the others the sink is made ready only now. */
  #beginUnseen(): void {
    if (this.#unseen === undefined) return;
    this.#sink.begin(this.#unseen);
    this.#unseen = undefined;
  }

  /** The next bytes of the file that `member` wanted. */
  content(chunk: Uint8Array): void {
    this.#beginUnseen();
    this.#sink.write(chunk);
  }

  /** Its content could not be read after all. */
  cancelContent(): void {
    this.#unseen = undefined;
    this.#sink.cancel();
  }

  contentEnd(): void {
    this.#beginUnseen();
    const kept = this.#sink.end();
    if (!kept) return;
    if (kept.missing) this.#missingExecutables.push({ path: this.#current, spans: kept.missing });
    const isOfUse = kept.whole !== undefined || kept.extracts.length > 0 || kept.looked.length > 0;
    if (isOfUse || (this.#linkSources.size > 0 && this.#linkSources.has(this.#current)))
      this.#remember(this.#current, kept);
  }

  #remember(path: string, kept: KeptContent): void {
    this.#keptByPath.set(path, kept);
    this.#keptMarks.add(path);
  }

  #forget(path: string): void {
    if (this.#keptMarks.mayHave(path)) this.#keptByPath.delete(path);
  }

  /** A link captures what its own path asks for, from what was kept of its target. */
  #hardLink(record: number, member: CollectedEntry): void {
    const target = member.linkTarget ?? '';
    const kept = this.#keptByPath.get(target);
    const matching = this.#matcher.matchingRules(member.path);
    if (kept === undefined) {
      if (matching.length > 0 && this.#linkSources.has(target)) {
        this.diagnose({
          code: 'linked-file-not-read',
          severity: 'warning',
          message: 'the file that it is a hard link to is larger than what is read here, or in another layer',
          path: `/${member.path}`,
        });
      }
      this.#lookAgain(target, matching);
      this.#forget(member.path);
      return;
    }
    const fitting = matching.filter((rule) => this.#fits(rule, member.path, kept.sizeBytes));
    const whole = fitting.filter((rule) => !this.#matcher.extracts(rule));
    if (kept.whole === undefined) this.#lookAgain(target, whole);
    else this.#recorder.capture(record, whole, kept.whole);
    const found = new Set<number>(kept.looked);
    for (const { rule, kept: bytes, byContent } of kept.extracts) {
      found.add(rule);
      if (byContent || fitting.includes(rule)) this.#recorder.capture(record, [rule], bytes);
    }
    this.#lookAgain(
      target,
      fitting.filter((rule) => this.#matcher.extracts(rule) && !found.has(rule)),
    );
    this.#remember(member.path, kept);
  }

  #lookAgain(target: string, rules: readonly number[]): void {
    if (rules.length === 0) return;
    const missing = this.#missingSources.get(target) ?? new Set();
    for (const rule of rules) missing.add(rule);
    this.#missingSources.set(target, missing);
  }

  #fits(rule: number, path: string, sizeBytes: number): boolean {
    const { id, maxBytes } = this.#matcher.rule(rule);
    if (sizeBytes <= maxBytes) return true;
    this.diagnose({
      code: 'file-too-large',
      severity: 'warning',
      message: `${sizeBytes} bytes are more than the ${maxBytes} that ${id} reads`,
      path: `/${path}`,
    });
    return false;
  }

  #allowsSparse(path: string, sizeBytes: number): boolean {
    this.#sparseBytes += sizeBytes;
    if (this.#sparseBytes <= MAX_SPARSE_BYTES) return true;
    this.diagnose({
      code: 'sparse-file-skipped',
      severity: 'warning',
      message: `the content of a sparse file of ${sizeBytes} bytes was not looked at`,
      path: `/${path}`,
    });
    return false;
  }

  #mayCapture(path: string, sizeBytes: number): boolean {
    if (this.#recorder.capturedBytes + sizeBytes <= this.#limits.capturedBytesTotal) return true;
    this.#firstUncaptured ??= path;
    this.#uncaptured += 1;
    return false;
  }

  diagnose(diagnostic: Omit<StackDiagnostic, 'source'>): void {
    if (this.#diagnostics.length < MAX_DIAGNOSTICS) this.#diagnostics.push({ ...diagnostic, source: 'image' });
    else this.#undiagnosed += 1;
  }

  /** What is about many files comes first, and however many diagnostics there are of single ones. */
  #allDiagnostics(): readonly StackDiagnostic[] {
    const overall: StackDiagnostic[] = [];
    const say = (code: string, message: string, path?: string): void => {
      const place = path === undefined ? {} : { path: `/${path}` };
      overall.push({ code, severity: 'error', message: `${this.#label}: ${message}`, ...place, source: 'image' });
    };
    if (this.#uncaptured > 0) {
      const { capturedBytesTotal } = this.#limits;
      const message = `package databases and manifests of more than ${capturedBytesTotal} bytes; ${this.#uncaptured} from here on are not read`;
      say(CAPTURES_TOO_LARGE, message, this.#firstUncaptured);
    }
    if (this.#undiagnosed > 0) say('too-many-diagnostics', `${this.#undiagnosed} more files could not be read`);
    return [...overall, ...this.#diagnostics];
  }
}
