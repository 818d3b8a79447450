import { createHash, hash, type Hash } from 'node:crypto';
import type { CaptureMatcher, KeptBytes, LayerRecorder, StackDiagnostic } from '../../filesystem/index.ts';
import { executableKind, ExecutableStructure, MAGIC_BYTES } from './executable-structure.ts';
import { EXTRACTORS } from './extractors.ts';
import { GO_HEAD_BYTES, GoMarkerScan, looksLikeGo, unneededSpans, type ByteSpan } from './go-marker.ts';

/** What is to be done with the content of the file that streams by. */
export interface FileTask {
  readonly record: number;
  readonly path: string;
  readonly sizeBytes: number;
  /** Rules that keep the whole file, their size limit met. */
  readonly rules: readonly number[];
  /** Rules whose extractors are given the whole file because of its path, their size limit met. */
  readonly extractRules: readonly number[];
  /** The same for hard links that point at it; this file itself they do not match. */
  readonly linkRules: readonly number[];
  /** Rules whose extractors are given executables. */
  readonly executableRules: readonly number[];
  /** Gather it for the extractors without looking for signs first. */
  readonly isKnownExecutable: boolean;
  readonly sha256: boolean;
  readonly md5: boolean;
}

/** What was kept of a file, so that hard links to it can share it. */
export interface KeptContent {
  readonly whole?: KeptBytes;
  readonly extracts: readonly KeptExtract[];
  /** Rules whose extractors were given it, whatever came of it. */
  readonly looked: readonly number[];
  readonly sizeBytes: number;
  /** It turned out to be of interest to an extractor when its beginning was gone: read it again. */
  readonly seenTooLate: boolean;
}

/** What an extractor made of a file. */
export interface KeptExtract {
  readonly rule: number;
  readonly kept: KeptBytes;
  /** The rule matches it as an executable, whatever its path. */
  readonly byContent: boolean;
}

/** What the sink asks of whoever owns it. */
export interface SinkHost {
  readonly diagnose: (diagnostic: Omit<StackDiagnostic, 'source'>) => void;
  /** @throws AppError when that many more bytes must not be kept */
  readonly checkCaptured: (bytes: number) => void;
}

/** Scratch memory larger than this is given back after use. */
const SCRATCH_KEPT_BYTES = 32 * 1024 * 1024;

/**
 * Takes file contents chunk by chunk: hashes, keeps what rules capture, hands executables to extractors. A file that arrives in one chunk is
 * never copied; others are gathered in scratch memory only when someone needs them whole.
 */
export class ContentSink {
  readonly #recorder: LayerRecorder;
  readonly #matcher: CaptureMatcher;
  readonly #host: SinkHost;
  #task: FileTask | undefined;
  #received = 0;
  #sha256: Hash | undefined;
  #md5: Hash | undefined;
  /** Rules that match by path want all of it. */
  #isNeededWhole = false;
  /** Bytes to gather: of the whole file, or as far as the extractors look. */
  #gatherBytes = 0;
  #gathered = 0;
  #scratch = Buffer.from(new ArrayBuffer(0));
  #scan: GoMarkerScan | undefined;
  /** Parts that are not gathered. */
  #spans: readonly ByteSpan[] = [];
  #kept: KeptContent | undefined;

  constructor(recorder: LayerRecorder, matcher: CaptureMatcher, host: SinkHost) {
    this.#recorder = recorder;
    this.#matcher = matcher;
    this.#host = host;
  }

  begin(task: FileTask): void {
    this.#task = task;
    this.#received = 0;
    this.#gathered = 0;
    this.#isNeededWhole = task.rules.length + task.extractRules.length + task.linkRules.length > 0;
    this.#gatherBytes = this.#isNeededWhole ? task.sizeBytes : 0;
    if (task.executableRules.length > 0) {
      const most = Math.max(...task.executableRules.map((rule) => this.#matcher.rule(rule).maxBytes));
      this.#gatherBytes = Math.max(this.#gatherBytes, Math.min(most, task.sizeBytes));
    }
    this.#sha256 = undefined;
    this.#md5 = undefined;
    this.#scan = undefined;
    this.#spans = [];
    this.#kept = undefined;
  }

  write(chunk: Uint8Array): void {
    const task = this.#task as FileTask;
    if (this.#received === 0 && chunk.length === task.sizeBytes) {
      this.#received = chunk.length;
      this.#complete(asBuffer(chunk), true);
      return;
    }
    this.#received += chunk.length;
    if (task.sha256) (this.#sha256 ??= createHash('sha256')).update(chunk);
    if (task.md5) (this.#md5 ??= createHash('md5')).update(chunk);
    if (this.#scan) this.#scan.add(asBuffer(chunk));
    else if (this.#gathered < this.#gatherBytes) this.#gather(task, chunk);
  }

  #gather(task: FileTask, chunk: Uint8Array): void {
    const before = this.#gathered;
    if (before === 0 && chunk.length >= MAGIC_BYTES && this.#drops(chunk)) return;
    const used = Math.min(chunk.length, this.#gatherBytes - before);
    this.#reserve(before + used);
    this.#copy(used === chunk.length ? chunk : chunk.subarray(0, used), before);
    this.#gathered += used;
    if (before < MAGIC_BYTES && this.#gathered >= MAGIC_BYTES && this.#drops(this.#scratch)) return;
    if (before < GO_HEAD_BYTES && this.#gathered >= GO_HEAD_BYTES) this.#judgeHead(task);
  }

  /** Nobody needs the rest of a file that no rule keeps once its magic shows that it is no executable. */
  #drops(head: Uint8Array): boolean {
    if (this.#isNeededWhole || executableKind(head) !== undefined) return false;
    this.#gatherBytes = 0;
    return true;
  }

  /** Most executables are of no interest: they are searched as they stream by instead of being gathered. */
  #judgeHead(task: FileTask): void {
    if (this.#isNeededWhole || task.isKnownExecutable) return;
    const head = this.#scratch.subarray(0, GO_HEAD_BYTES);
    if (looksLikeGo(head)) {
      this.#leaveOut(head);
      return;
    }
    this.#scan = new GoMarkerScan();
    this.#scan.add(this.#scratch.subarray(0, this.#gathered));
    this.#gatherBytes = 0;
  }

  /**
   * Of a large program most is left out. Its memory is new, so that what is not written reads as zeros and takes no room.
   */
  #leaveOut(head: Buffer): void {
    if (this.#gatherBytes < SCRATCH_KEPT_BYTES) return;
    this.#spans = unneededSpans(head);
    if (this.#spans.length === 0) return;
    const gathered = Buffer.from(this.#scratch.subarray(0, this.#gathered));
    this.#replaceScratch(new ArrayBuffer(this.#gatherBytes));
    // left out here too: what an extractor sees must not depend on how the file was cut into chunks
    this.#copy(gathered, 0);
  }

  #copy(chunk: Uint8Array, position: number): void {
    const end = position + chunk.length;
    let at = position;
    for (const span of this.#spans) {
      if (span.end <= at) continue;
      if (span.start >= end) break;
      if (at < span.start) this.#scratch.set(chunk.subarray(at - position, span.start - position), at);
      at = span.end;
    }
    if (at < end) this.#scratch.set(at === position ? chunk : chunk.subarray(at - position), at);
  }

  /** Room for `needed` bytes; all of it at once when the file will be gathered whole. */
  #reserve(needed: number): void {
    if (needed <= this.#scratch.length) return;
    const capacity = needed <= GO_HEAD_BYTES ? 1024 * 1024 : Math.max(needed, this.#gatherBytes);
    const larger = new ArrayBuffer(capacity);
    new Uint8Array(larger).set(this.#scratch.subarray(0, this.#gathered));
    this.#replaceScratch(larger);
  }

  /** Gives the old memory back at once: waiting for the collector would cost hundreds of megabytes. */
  #replaceScratch(memory: ArrayBuffer): void {
    const old = this.#scratch.buffer;
    this.#scratch = Buffer.from(memory);
    old.transfer(0);
  }

  /** Forgets the file: its content could not be read. */
  cancel(): void {
    this.#task = undefined;
  }

  /** @returns what was kept, for hard links that follow */
  end(): KeptContent | undefined {
    const task = this.#task as FileTask;
    if (this.#kept === undefined) this.#complete(this.#scratch.subarray(0, this.#gathered), task.sizeBytes === 0);
    if (this.#scratch.length > SCRATCH_KEPT_BYTES) this.#replaceScratch(new ArrayBuffer(0));
    this.#task = undefined;
    return this.#kept;
  }

  /** @param direct whether `bytes` is the whole file and nothing was hashed so far */
  #complete(bytes: Buffer, direct: boolean): void {
    const task = this.#task as FileTask;
    if (task.sha256) {
      const hex = direct ? hash('sha256', bytes, 'hex') : (this.#sha256?.digest('hex') ?? '');
      this.#recorder.setDigest(task.record, 'sha256', hex);
    }
    if (task.md5) {
      const hex = direct ? hash('md5', bytes, 'hex') : (this.#md5?.digest('hex') ?? '');
      this.#recorder.setDigest(task.record, 'md5', hex);
    }
    let whole: KeptBytes | undefined;
    if (task.rules.length > 0) {
      whole = this.#recorder.keep(bytes, true);
      this.#recorder.capture(task.record, task.rules, whole);
    }
    const structure = new ExecutableStructure(bytes);
    const { sizeBytes, extractRules, linkRules } = task;
    const byPath = this.#extractByPath(task, bytes, structure);
    const byContent = this.#scan ? [] : this.#extractByContent(task, bytes, structure);
    this.#kept = {
      ...(whole === undefined ? {} : { whole }),
      extracts: [...byPath, ...byContent],
      looked: [...extractRules, ...linkRules],
      sizeBytes,
      seenTooLate: this.#scan?.found ?? false,
    };
  }

  #extractByPath(task: FileTask, bytes: Buffer, structure: ExecutableStructure): KeptExtract[] {
    const extracts: KeptExtract[] = [];
    for (const index of [...task.extractRules, ...task.linkRules]) {
      const { extract, executables } = this.#matcher.rule(index);
      const byContent = executables === true && structure.format !== undefined;
      // the other way of matching will see to it
      if (byContent && task.executableRules.includes(index)) continue;
      const extractor = extract && EXTRACTORS[extract.kind];
      if (!extractor?.mayApply(bytes, structure)) continue;
      const found = extractor.extract(bytes, { path: task.path, sizeBytes: task.sizeBytes, complete: true });
      if (found === undefined) continue;
      const captures = task.extractRules.includes(index);
      extracts.push({ rule: index, kept: this.#keep(task, found, captures ? [index] : []), byContent });
    }
    return extracts;
  }

  #extractByContent(task: FileTask, bytes: Buffer, structure: ExecutableStructure): KeptExtract[] {
    const extracts: KeptExtract[] = [];
    if (structure.format === undefined) return extracts;
    for (const index of task.executableRules) {
      const rule = this.#matcher.rule(index);
      const extractor = rule.extract && EXTRACTORS[rule.extract.kind];
      const part = bytes.length > rule.maxBytes ? bytes.subarray(0, rule.maxBytes) : bytes;
      // what was gathered had signs already; searching it all would touch memory that was left empty
      if (!extractor || (this.#spans.length === 0 && !extractor.mayApply(part, structure))) continue;
      const complete = part.length === task.sizeBytes;
      const found = extractor.extract(part, { path: task.path, sizeBytes: task.sizeBytes, complete });
      if (found !== undefined) extracts.push({ rule: index, kept: this.#keep(task, found, [index]), byContent: true });
      else if (!complete) this.#tooLarge(task, rule.maxBytes);
    }
    return extracts;
  }

  #keep(task: FileTask, bytes: Uint8Array, rules: readonly number[]): KeptBytes {
    this.#host.checkCaptured(bytes.length);
    const kept = this.#recorder.keep(bytes, false);
    this.#recorder.capture(task.record, rules, kept);
    return kept;
  }

  #tooLarge(task: FileTask, maxBytes: number): void {
    this.#host.diagnose({
      code: 'file-too-large',
      severity: 'warning',
      message: `an executable of ${task.sizeBytes} bytes was searched in its first ${maxBytes} bytes only`,
      path: `/${task.path}`,
    });
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
