import { createHash, hash, type Hash } from 'node:crypto';
import type { CaptureMatcher, KeptBytes, LayerRecorder, StackDiagnostic } from '../../filesystem/index.ts';
import { EXTRACTORS, isExecutableMagic } from './extractors.ts';
import { GO_HEAD_BYTES, GoMarkerScan, looksLikeGo, unneededSpans, type ByteSpan } from './go-marker.ts';

/** What is to be done with the content of the file that streams by. */
export interface FileTask {
  readonly record: number;
  readonly path: string;
  readonly sizeBytes: number;
  /** Rules that keep the whole file, their size limit met. */
  readonly rules: readonly number[];
  /** Rules for executables. */
  readonly extractorRules: readonly number[];
  /** Gather it for the extractors without looking for signs first. */
  readonly isKnownExecutable: boolean;
  readonly sha256: boolean;
  readonly md5: boolean;
}

/** What was kept of a file, so that hard links to it can share it. */
export interface KeptContent {
  readonly whole?: KeptBytes;
  readonly extracts: readonly { readonly rule: number; readonly kept: KeptBytes }[];
  /** It turned out to be of interest to an extractor when its beginning was gone: read it again. */
  readonly seenTooLate: boolean;
}

const MAGIC_BYTES = 8;
/** Scratch memory larger than this is given back after use. */
const SCRATCH_KEPT_BYTES = 32 * 1024 * 1024;

/**
 * Takes file contents chunk by chunk: hashes, keeps what rules capture, hands executables to extractors. A file that arrives in one chunk is
 * never copied; others are gathered in scratch memory only when someone needs them whole.
 */
export class ContentSink {
  readonly #recorder: LayerRecorder;
  readonly #matcher: CaptureMatcher;
  readonly #diagnose: (diagnostic: Omit<StackDiagnostic, 'source'>) => void;
  #task: FileTask | undefined;
  #received = 0;
  #sha256: Hash | undefined;
  #md5: Hash | undefined;
  /** Bytes to gather: of the whole file, or as far as the extractors look. */
  #gatherBytes = 0;
  #gathered = 0;
  #scratch = Buffer.from(new ArrayBuffer(0));
  #scan: GoMarkerScan | undefined;
  /** Parts that are not gathered. */
  #spans: readonly ByteSpan[] = [];
  #kept: KeptContent | undefined;

  constructor(
    recorder: LayerRecorder,
    matcher: CaptureMatcher,
    diagnose: (diagnostic: Omit<StackDiagnostic, 'source'>) => void,
  ) {
    this.#recorder = recorder;
    this.#matcher = matcher;
    this.#diagnose = diagnose;
  }

  begin(task: FileTask): void {
    this.#task = task;
    this.#received = 0;
    this.#gathered = 0;
    this.#gatherBytes = task.rules.length > 0 ? task.sizeBytes : 0;
    if (task.extractorRules.length > 0) {
      const most = Math.max(...task.extractorRules.map((rule) => this.#matcher.rule(rule).maxBytes));
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
    if (before === 0 && chunk.length >= MAGIC_BYTES && this.#drops(task, chunk)) return;
    const used = Math.min(chunk.length, this.#gatherBytes - before);
    this.#reserve(before + used);
    this.#copy(used === chunk.length ? chunk : chunk.subarray(0, used), before);
    this.#gathered += used;
    if (before < MAGIC_BYTES && this.#gathered >= MAGIC_BYTES && this.#drops(task, this.#scratch)) return;
    if (before < GO_HEAD_BYTES && this.#gathered >= GO_HEAD_BYTES) this.#judgeHead(task);
  }

  /** Nobody needs the rest of a file that no rule keeps once its magic shows that it is no executable. */
  #drops(task: FileTask, head: Uint8Array): boolean {
    if (task.rules.length > 0 || isExecutableMagic(head)) return false;
    this.#gatherBytes = 0;
    return true;
  }

  /** Most executables are of no interest: they are searched as they stream by instead of being gathered. */
  #judgeHead(task: FileTask): void {
    if (task.rules.length > 0 || task.isKnownExecutable) return;
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
    this.#kept = {
      ...(whole === undefined ? {} : { whole }),
      extracts: this.#scan ? [] : this.#extract(task, bytes),
      seenTooLate: this.#scan?.found ?? false,
    };
  }

  #extract(task: FileTask, bytes: Buffer): { rule: number; kept: KeptBytes }[] {
    const extracts: { rule: number; kept: KeptBytes }[] = [];
    if (task.extractorRules.length === 0 || !isExecutableMagic(bytes)) return extracts;
    for (const index of task.extractorRules) {
      const rule = this.#matcher.rule(index);
      const extractor = rule.extract === undefined ? undefined : EXTRACTORS[rule.extract.kind];
      const part = bytes.length > rule.maxBytes ? bytes.subarray(0, rule.maxBytes) : bytes;
      // what was gathered had signs already; searching it all would touch memory that was left empty
      if (!extractor || (this.#spans.length === 0 && !extractor.mayApply(part))) continue;
      const complete = part.length === task.sizeBytes;
      const found = extractor.extract(part, { path: task.path, sizeBytes: task.sizeBytes, complete });
      if (found === undefined) {
        if (!complete) this.#tooLarge(task, rule.maxBytes);
        continue;
      }
      const kept = this.#recorder.keep(found, false);
      this.#recorder.capture(task.record, [index], kept);
      extracts.push({ rule: index, kept });
    }
    return extracts;
  }

  #tooLarge(task: FileTask, maxBytes: number): void {
    this.#diagnose({
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
