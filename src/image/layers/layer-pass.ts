import { AppError, createDigester, digestAlgorithm, type Digester } from '../../core/index.ts';
import {
  LayerRecorder,
  RecordKind,
  type CaptureMatcher,
  type KeptBytes,
  type StackDiagnostic,
} from '../../filesystem/index.ts';
import { TarReader, type TarMember } from '../../formats/index.ts';
import { ContentSink, type KeptContent } from './content-sink.ts';
import { layerError, type LayerErrorCode } from './errors.ts';
import { layerLabel, type LayerJob, type LayerLimits, type LayerResult } from './layer-job.ts';

const KINDS: Readonly<Record<TarMember['type'], RecordKind>> = {
  file: RecordKind.File,
  hardlink: RecordKind.HardLink,
  symlink: RecordKind.Symlink,
  'character-device': RecordKind.CharacterDevice,
  'block-device': RecordKind.BlockDevice,
  directory: RecordKind.Directory,
  fifo: RecordKind.Fifo,
};

const TAR_CODES: Readonly<Record<string, LayerErrorCode>> = {
  TAR_TRUNCATED: 'LAYER_TRUNCATED',
  TAR_PATH_ESCAPE: 'LAYER_PATH_ESCAPE',
  FILESYSTEM_TOO_LARGE: 'LAYER_TOO_LARGE',
};

/** Sparse files are mostly holes: beyond this size their content is not made up and looked at. */
const MAX_SPARSE_BYTES = 1024 * 1024 * 1024;
const MAX_DIAGNOSTICS = 1000;

/**
 * The uncompressed half of one pass: hashes the tar, reads it, records entries, keeps what the plan wants. Synchronous. What is wrong inside the tar is held
 * back until the digests are known: nothing that was parsed is believed, not even an error, before.
 */
export class LayerPass {
  readonly #job: LayerJob;
  readonly #limits: LayerLimits;
  readonly #matcher: CaptureMatcher;
  readonly #recorder: LayerRecorder;
  readonly #sink: ContentSink;
  readonly #reader: TarReader;
  readonly #digester: Digester;
  readonly #linkSources: ReadonlySet<string>;
  readonly #executables: ReadonlySet<string>;
  readonly #diagnostics: StackDiagnostic[] = [];
  readonly #keptByPath = new Map<string, KeptContent & { readonly sizeBytes: number }>();
  readonly #missingSources = new Set<string>();
  readonly #missingExecutables: string[] = [];
  #current = '';
  #currentBytes = 0;
  #bytes = 0;
  #sparseBytes = 0;
  #failure: unknown;

  constructor(job: LayerJob, matcher: CaptureMatcher, limits: LayerLimits) {
    this.#job = job;
    this.#limits = limits;
    this.#matcher = matcher;
    this.#recorder = new LayerRecorder(matcher.ruleIds);
    this.#sink = new ContentSink(this.#recorder, matcher, (diagnostic) => this.#diagnose(diagnostic));
    this.#digester = createDigester(digestAlgorithm(job.diffId));
    this.#linkSources = new Set(job.secondLook.linkSources);
    this.#executables = new Set(job.secondLook.executables);
    this.#reader = new TarReader(
      {
        member: (member) => this.#member(member),
        content: (chunk) => this.#sink.write(chunk),
        contentEnd: () => this.#contentEnd(),
      },
      // runtimes ignore global headers, so what they say is not so
      { globalPax: 'ignore', maxEntries: limits.layerEntries },
    );
  }

  /** Uncompressed bytes so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Takes the next uncompressed bytes.
   * @throws AppError LAYER_TOO_LARGE, LAYER_EXPANSION: limits that cannot wait for the end
   */
  write(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    this.#checkSize();
    this.#digester.update(chunk);
    if (this.#failure !== undefined) return;
    try {
      this.#reader.write(chunk);
    } catch (error) {
      this.#failure = error;
    }
  }

  #checkSize(): void {
    if (this.#bytes > this.#limits.layerBytes) {
      throw layerError(
        'LAYER_TOO_LARGE',
        `${layerLabel(this.#job)} unpacks to more than the ${this.#limits.layerBytes} bytes allowed`,
        { hint: 'raise --max-layer-bytes if the image is trusted' },
      );
    }
    const { ratioFloorBytes, expansionRatio } = this.#limits;
    if (this.#bytes > ratioFloorBytes && this.#bytes > this.#job.sizeBytes * expansionRatio) {
      throw layerError('LAYER_EXPANSION', `${layerLabel(this.#job)} expands more than ${expansionRatio} times`);
    }
  }

  /**
   * The verdict and the records. Call after the stored bytes were found to have the layer's digest.
   * @throws AppError LAYER_DIFF_ID_MISMATCH first, then whatever was wrong inside
   */
  finish(): LayerResult {
    const diffId = this.#digester.digest();
    if (diffId !== this.#job.diffId) {
      throw layerError(
        'LAYER_DIFF_ID_MISMATCH',
        `${layerLabel(this.#job)} unpacks to ${diffId}, but the config says ${this.#job.diffId}`,
      );
    }
    if (this.#failure !== undefined) throw this.#translate(this.#failure);
    try {
      const end = this.#reader.end();
      if (end.junk) {
        this.#diagnose({
          code: 'data-after-end',
          severity: 'warning',
          message: `${layerLabel(this.#job)} has data after the end of its archive, which no runtime reads`,
        });
      }
    } catch (error) {
      throw this.#translate(error);
    }
    return {
      records: this.#recorder.finish(),
      diagnostics: this.#diagnostics,
      missing: { linkSources: [...this.#missingSources], executables: this.#missingExecutables },
    };
  }

  #translate(error: unknown): unknown {
    if (!(error instanceof AppError) || error.code.startsWith('LAYER_')) return error;
    const isEntryLimit = error.code === 'TAR_LIMIT' && error.message.includes('entries');
    const code = isEntryLimit ? 'LAYER_TOO_MANY_ENTRIES' : (TAR_CODES[error.code] ?? 'LAYER_MALFORMED');
    return layerError(code, `${layerLabel(this.#job)}: ${error.message}`, { cause: error });
  }

  #member(member: TarMember): boolean {
    const kind = KINDS[member.type];
    const record = this.#recorder.add({ ...member, kind });
    if (record < 0) return false;
    if (kind === RecordKind.HardLink) {
      this.#hardLink(record, member);
      return false;
    }
    // another entry of this path ends what hard links could have shared
    if (this.#keptByPath.size > 0) this.#keptByPath.delete(member.path);
    return kind === RecordKind.File && this.#beginFile(record, member);
  }

  #beginFile(record: number, member: TarMember): boolean {
    const { path, sizeBytes } = member;
    const wants = this.#matcher.wants(path);
    const fits = wants.rules.filter((rule) => this.#fits(rule, path, sizeBytes));
    const rules = this.#linkSources.has(path) ? [...fits, this.#matcher.linkSourceRule] : fits;
    const extractorRules = sizeBytes >= 64 ? this.#matcher.executableRules : [];
    if (rules.length === 0 && extractorRules.length === 0 && !wants.sha256 && !wants.md5) return false;
    if (member.sparse && !this.#allowsSparse(path, sizeBytes)) return false;
    if (rules.length > 0) this.#checkCaptured(sizeBytes);
    this.#current = path;
    this.#currentBytes = sizeBytes;
    const { sha256, md5 } = wants;
    const known = this.#executables.has(path);
    this.#sink.begin({ record, path, sizeBytes, rules, extractorRules, isKnownExecutable: known, sha256, md5 });
    return true;
  }

  #contentEnd(): void {
    const kept = this.#sink.end();
    if (kept?.seenTooLate) this.#missingExecutables.push(this.#current);
    if (kept && (kept.whole !== undefined || kept.extracts.length > 0)) {
      this.#keptByPath.set(this.#current, { ...kept, sizeBytes: this.#currentBytes });
    }
  }

  /** A link captures what its own path asks for, from what was kept of its target. */
  #hardLink(record: number, member: TarMember): void {
    const target = member.linkTarget ?? '';
    const kept = this.#keptByPath.get(target);
    const rules = this.#matcher.matchingRules(member.path);
    if (kept === undefined) {
      if (rules.length > 0) this.#missingSources.add(target);
      this.#keptByPath.delete(member.path);
      return;
    }
    if (kept.whole !== undefined) this.#captureLink(record, member.path, rules, kept.whole);
    else if (rules.length > 0) this.#missingSources.add(target);
    for (const { rule, kept: bytes } of kept.extracts) this.#recorder.capture(record, [rule], bytes);
    this.#keptByPath.set(member.path, kept);
  }

  #captureLink(record: number, path: string, rules: readonly number[], kept: KeptBytes): void {
    const fitting = rules.filter((rule) => this.#fits(rule, path, kept.end - kept.start));
    this.#recorder.capture(record, fitting, kept);
  }

  #fits(rule: number, path: string, sizeBytes: number): boolean {
    const { id, maxBytes } = this.#matcher.rule(rule);
    if (sizeBytes <= maxBytes) return true;
    this.#diagnose({
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
    this.#diagnose({
      code: 'sparse-file-skipped',
      severity: 'warning',
      message: `the content of a sparse file of ${sizeBytes} bytes was not looked at`,
      path: `/${path}`,
    });
    return false;
  }

  #checkCaptured(sizeBytes: number): void {
    const total = this.#recorder.capturedBytes + sizeBytes;
    if (total <= this.#limits.capturedBytesTotal) return;
    throw layerError(
      'LAYER_CAPTURES_TOO_LARGE',
      `${layerLabel(this.#job)}: package databases and manifests of more than ${this.#limits.capturedBytesTotal} bytes`,
    );
  }

  #diagnose(diagnostic: Omit<StackDiagnostic, 'source'>): void {
    if (this.#diagnostics.length < MAX_DIAGNOSTICS) this.#diagnostics.push({ ...diagnostic, source: 'image' });
  }
}
