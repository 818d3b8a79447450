import type { CaptureMatcher, KeptBytes, LayerRecorder } from '../../filesystem/index.ts';
import { ContentHashes } from './content-hashes.ts';
import { contentKind, executableKind, ExecutableStructure, MAGIC_BYTES } from './executable-structure.ts';
import { Extraction, type KeptExtract, type SinkHost } from './extraction.ts';
import type { FileTask } from './file-task.ts';
import {
  HEAD_BYTES,
  mergeSpans,
  planLarge,
  SignScan,
  wantsPayload,
  WHOLE_BYTES,
  type LargePlan,
} from './large-executable.ts';
import { Scratch, type ByteSpan } from './scratch.ts';
import { SparseArchive, SPARSE_ARCHIVE_BYTES } from './sparse-archive.ts';
import { isZip, mayBeZip } from './unnamed-zip.ts';

/** What was kept of a file, so that hard links to it can share it. */
export interface KeptContent {
  readonly whole?: KeptBytes;
  readonly extracts: readonly KeptExtract[];
  /** Rules whose extractors were given it, whatever came of it. */
  readonly looked: readonly number[];
  readonly sizeBytes: number;
  /** Parts of it turned out to be of interest when they were gone: read it again. */
  readonly missing: readonly ByteSpan[] | undefined;
}

const NO_SIGNS: ReadonlySet<string> = new Set();

/**
 * How the current file is gathered: not at all; until its beginning says what it is; whole; in parts; or what the plan for parts says is not known yet.
 */
type Mode = 'none' | 'magic' | 'head' | 'whole' | 'parts' | 'archive';

/**
 * Takes file contents chunk by chunk: hashes, keeps what rules capture, hands files to extractors. A file that arrives in one chunk is never
 * copied; others are gathered in scratch memory only as far as someone needs them in one piece.
 */
export class ContentSink {
  readonly #recorder: LayerRecorder;
  readonly #extraction: Extraction;
  readonly #hashes = new ContentHashes();
  readonly #scratch = new Scratch();
  #task: FileTask | undefined;
  #received = 0;
  #mode: Mode = 'none';
  /** Rules that match by path want all of it. */
  #isNeededWhole = false;
  #gatherBytes = 0;
  #isExecutable = false;
  #plan: LargePlan | undefined;
  #signs: SignScan | undefined;
  #archive: SparseArchive | undefined;
  #kept: KeptContent | undefined;

  constructor(recorder: LayerRecorder, matcher: CaptureMatcher, host: SinkHost) {
    this.#recorder = recorder;
    this.#extraction = new Extraction(recorder, matcher, host);
  }

  begin(task: FileTask): void {
    this.#task = task;
    this.#received = 0;
    this.#hashes.begin(task.digests);
    this.#extraction.begin(task);
    this.#isNeededWhole = task.rules.length > 0 || this.#extraction.needsWhole;
    const executableBytes = Math.max(MAGIC_BYTES, this.#extraction.executableBytes);
    this.#gatherBytes = this.#isNeededWhole ? task.sizeBytes : Math.min(task.sizeBytes, executableBytes);
    const isJudged = task.notesKind || task.executableRules.length > 0 || task.zipRules.length > 0;
    this.#mode = this.#isNeededWhole || isJudged ? 'magic' : 'none';
    this.#isExecutable = false;
    this.#plan = undefined;
    this.#signs = undefined;
    this.#kept = undefined;
    this.#archive = this.#extraction.needsArchive ? sparseArchive(task) : undefined;
  }

  write(chunk: Uint8Array): void {
    const task = this.#task as FileTask;
    const bytes = asBuffer(chunk);
    if (this.#received === 0 && bytes.length === task.sizeBytes) {
      this.#received = bytes.length;
      this.#isExecutable = executableKind(bytes) !== undefined;
      if (!this.#isExecutable) this.#extraction.isNoExecutable();
      if (task.zipRules.length > 0 && isZip(bytes)) this.#extraction.isZip();
      this.#extraction.stream(bytes);
      this.#complete(bytes, true);
      return;
    }
    this.#hashes.update(bytes);
    this.#extraction.stream(bytes);
    this.#gather(task, bytes);
    this.#received += bytes.length;
  }

  #gather(task: FileTask, chunk: Buffer): void {
    this.#archive?.add(chunk);
    if (this.#mode === 'none' || this.#mode === 'archive') return;
    if (this.#mode === 'parts') {
      this.#placePart(chunk);
      return;
    }
    const isFirst = this.#received === 0 && chunk.length >= MAGIC_BYTES;
    if (isFirst) this.#judgeMagic(task, chunk);
    this.#append(chunk);
    if (!isFirst && this.#mode === 'magic' && this.#scratch.bytes.length >= MAGIC_BYTES) {
      this.#judgeMagic(task, this.#scratch.bytes);
    }
    if (this.#mode === 'head' && this.#received + chunk.length >= HEAD_BYTES) this.#judgeHead(task);
  }

  #append(chunk: Buffer): void {
    if (this.#mode === 'none' || this.#mode === 'archive') return;
    const room = this.#gatherBytes - this.#scratch.bytes.length;
    if (room <= 0) return;
    const isShort = this.#mode === 'magic' || this.#mode === 'head';
    this.#scratch.append(chunk.length <= room ? chunk : chunk.subarray(0, room), isShort ? 0 : this.#gatherBytes);
  }

  /** Nobody needs the rest of a file that no rule keeps once its magic shows that it is no executable. */
  #judgeMagic(task: FileTask, head: Buffer): void {
    this.#noteKind(task, head);
    this.#isExecutable = executableKind(head) !== undefined;
    if (!this.#isExecutable) this.#extraction.isNoExecutable();
    if (task.zipRules.length > 0 && mayBeZip(head, task.sizeBytes) && this.#extraction.isZip()) {
      this.#isNeededWhole = true;
      this.#gatherBytes = task.sizeBytes;
      this.#archive = sparseArchive(task);
      // all that came so far
      this.#archive?.add(head);
    }
    if (this.#isNeededWhole) this.#mode = this.#archive ? 'archive' : 'whole';
    else if (!this.#isExecutable || this.#extraction.executableBytes === 0) this.#mode = 'none';
    else this.#mode = task.sizeBytes <= WHOLE_BYTES ? 'whole' : 'head';
  }

  #noteKind(task: FileTask, head: Buffer): void {
    const kind = task.notesKind ? contentKind(head) : undefined;
    if (kind !== undefined) this.#recorder.setContent(task.record, kind);
  }

  /** Of a large executable only parts are kept. */
  #judgeHead(task: FileTask): void {
    const gathered = Buffer.from(this.#scratch.bytes);
    // the plan must not depend on how the file was cut into chunks
    const head = gathered.subarray(0, HEAD_BYTES);
    const { sizeBytes } = task;
    const limitBytes = this.#extraction.executableBytes;
    const plan = planLarge(head, { sizeBytes, limitBytes, kinds: this.#extraction.executableKinds });
    this.#plan =
      task.spans === undefined
        ? plan
        : { spans: task.spans, lengthBytes: Math.min(sizeBytes, limitBytes), isPartial: false };
    this.#mode = 'parts';
    this.#scratch.keepOnly(this.#plan.spans, this.#plan.lengthBytes);
    if (this.#plan.scansSigns) {
      this.#signs = new SignScan();
      this.#signs.add(gathered);
    }
  }

  #placePart(chunk: Buffer): void {
    this.#signs?.add(chunk);
    const plan = this.#plan;
    const payloadAt = plan?.payloadAt;
    if (plan && payloadAt !== undefined && this.#received + chunk.length >= payloadAt) {
      this.#scratch.place(chunk, this.#received);
      const wanted = wantsPayload(this.#scratch.bytes.subarray(0, payloadAt));
      this.#plan = { spans: plan.spans, lengthBytes: wanted ? plan.lengthBytes : payloadAt, isPartial: false };
      if (wanted) this.#scratch.keepAlso({ start: payloadAt, end: plan.lengthBytes });
    }
    this.#scratch.place(chunk, this.#received);
  }

  /** Forgets the file: its content could not be read. */
  cancel(): void {
    this.#task = undefined;
    this.#free();
  }

  #free(): void {
    this.#scratch.reset();
    this.#archive?.free();
    this.#archive = undefined;
  }

  /** @returns what was kept, for hard links that follow */
  end(): KeptContent | undefined {
    if (this.#kept === undefined) {
      const gathered = this.#archive?.finish() ?? this.#scratch.bytes;
      this.#complete(this.#plan ? gathered.subarray(0, this.#plan.lengthBytes) : gathered, false);
    }
    this.#free();
    this.#task = undefined;
    return this.#kept;
  }

  /** @param direct whether `bytes` is the whole file and nothing was hashed or judged so far */
  #complete(bytes: Buffer, direct: boolean): void {
    const task = this.#task as FileTask;
    if (direct || this.#mode === 'magic') this.#noteKind(task, bytes);
    for (const { algorithm, hex } of this.#hashes.digests(direct ? bytes : undefined)) {
      this.#recorder.setDigest(task.record, algorithm, hex);
    }
    let whole: KeptBytes | undefined;
    if (task.rules.length > 0) {
      whole = this.#recorder.keep(bytes, true);
      this.#recorder.capture(task.record, task.rules, whole);
    }
    const found = this.#extraction.end(bytes, {
      structure: new ExecutableStructure(bytes),
      isExecutable: this.#isExecutable,
      plan: this.#plan,
      signs: this.#signs?.finish() ?? NO_SIGNS,
      archive: this.#archive,
    });
    const { extractRules, linkRules, sizeBytes } = task;
    this.#kept = {
      ...(whole === undefined ? {} : { whole }),
      extracts: found.extracts,
      looked: [...extractRules, ...linkRules],
      sizeBytes,
      missing: found.missing.length === 0 ? undefined : mergeSpans([...(this.#plan?.spans ?? []), ...found.missing]),
    };
  }
}

/** For archives that are too large to be kept. A second look is for what was left out at the first. */
function sparseArchive({ sizeBytes, spans, rules }: FileTask): SparseArchive | undefined {
  const isLarge = sizeBytes > SPARSE_ARCHIVE_BYTES && spans === undefined;
  return isLarge && rules.length === 0 ? new SparseArchive(sizeBytes) : undefined;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
