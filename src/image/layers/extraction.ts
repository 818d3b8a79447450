import type {
  CaptureMatcher,
  CaptureRule,
  Extraction as ExtractionKind,
  KeptBytes,
  LayerRecorder,
  StackDiagnostic,
} from '../../filesystem/index.ts';
import { compilePatterns, PatternScan, type InflateBudget, type PatternSet } from '../../formats/index.ts';
import type { ExecutableStructure } from './executable-structure.ts';
import { EXTRACTORS, type ExtractorEntry } from './extractors.ts';
import type { FileTask } from './file-task.ts';
import { judgePartial, type LargePlan } from './large-executable.ts';
import type { ByteSpan } from './scratch.ts';
import type { SparseArchive } from './sparse-archive.ts';

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
  /** Whether that many more bytes may be kept of a file; notes that some were not. */
  readonly mayCapture: (path: string, bytes: number) => boolean;
  /** For archives of the layer, all together. */
  readonly budget: InflateBudget;
}

/** How the bytes that `end` is given came about. */
export interface GatheredInfo {
  readonly structure: ExecutableStructure;
  /** Of the whole file, however little was gathered of it. */
  readonly isExecutable: boolean;
  /** Absent when the file was gathered without gaps. */
  readonly plan: LargePlan | undefined;
  readonly signs: ReadonlySet<string>;
  /** Present when only parts of an archive were kept. */
  readonly archive?: SparseArchive | undefined;
}

interface RuleScan {
  readonly rule: number;
  readonly scan: PatternScan;
}

/** Hands the files of a layer to the extractors that rules name, and keeps what these return. */
export class Extraction {
  readonly #recorder: LayerRecorder;
  readonly #matcher: CaptureMatcher;
  readonly #host: SinkHost;
  /** The farthest that rules for executables look into one that is to be gathered. */
  readonly executableBytes: number;
  readonly executableKinds: ReadonlySet<ExtractionKind['kind']>;
  readonly #contentPatterns: readonly number[];
  readonly #patternSets = new Map<number, PatternSet>();
  #task: FileTask | undefined;
  /** Rules that look for patterns, by path and by content. */
  #scans: readonly RuleScan[] = [];
  #contentScans: readonly RuleScan[] = [];
  /** Rules that match the file as a ZIP archive. */
  #zipRules: readonly number[] = [];

  constructor(recorder: LayerRecorder, matcher: CaptureMatcher, host: SinkHost) {
    this.#recorder = recorder;
    this.#matcher = matcher;
    this.#host = host;
    this.#contentPatterns = matcher.executableRules.filter((rule) => this.#isPatterns(rule));
    const gathering = matcher.executableRules
      .filter((rule) => !this.#isPatterns(rule))
      .map((index) => matcher.rule(index));
    this.executableBytes = Math.max(0, ...gathering.map(({ maxBytes }) => maxBytes));
    this.executableKinds = new Set(gathering.flatMap(({ extract }) => (extract ? [extract.kind] : [])));
  }

  begin(task: FileTask): void {
    this.#task = task;
    const { sizeBytes, executableRules } = task;
    this.#scans = this.#open(byPath(task));
    this.#contentScans = NO_SCANS;
    this.#zipRules = NO_RULES;
    if (executableRules.length === 0 || this.#contentPatterns.length === 0) return;
    const isWithin = (rule: number): boolean => sizeBytes <= this.#matcher.rule(rule).maxBytes;
    const named = byPath(task);
    this.#contentScans = this.#open(this.#contentPatterns.filter((rule) => isWithin(rule) && !named.includes(rule)));
  }

  /** Whether a rule that matches by path needs the file in one piece. */
  get needsWhole(): boolean {
    return this.#task !== undefined && byPath(this.#task).some((rule) => !this.#isPatterns(rule));
  }

  /** Whether that is for reading it as a Java archive and nothing else. */
  get needsArchive(): boolean {
    const rules = this.#task === undefined ? [] : byPath(this.#task).map((rule) => this.#matcher.rule(rule));
    return rules.length > 0 && rules.every(({ extract }) => extract?.kind === 'java-archive');
  }

  #isPatterns(rule: number): boolean {
    return this.#matcher.rule(rule).extract?.kind === 'patterns';
  }

  #open(rules: readonly number[]): readonly RuleScan[] {
    if (rules.length === 0) return NO_SCANS;
    return rules.flatMap((rule) => {
      const { extract } = this.#matcher.rule(rule);
      if (extract?.kind !== 'patterns') return [];
      const set = this.#patternSets.get(rule) ?? compilePatterns(extract.patterns);
      this.#patternSets.set(rule, set);
      return [{ rule, scan: new PatternScan(set) }];
    });
  }

  /** Takes the next bytes, for rules that look for patterns. */
  stream(chunk: Buffer): void {
    for (const { scan } of this.#scans) scan.add(chunk);
    for (const { scan } of this.#contentScans) scan.add(chunk);
  }

  /** The file's beginning shows that rules for executables have no use for it. */
  isNoExecutable(): void {
    this.#contentScans = NO_SCANS;
  }

  /** The file is, or may be, a ZIP archive. @returns whether a rule wants it, which then needs it in one piece */
  isZip(): boolean {
    const { zipRules, sizeBytes } = this.#task as FileTask;
    this.#zipRules = zipRules.filter((rule) => sizeBytes <= this.#matcher.rule(rule).maxBytes);
    return this.#zipRules.length > 0;
  }

  /** @param bytes the file, or what was gathered of it; nothing when nobody needs it in one piece */
  end(bytes: Buffer, info: GatheredInfo): { extracts: readonly KeptExtract[]; missing: readonly ByteSpan[] } {
    const task = this.#task as FileTask;
    const { executableRules } = task;
    if (byPath(task).length === 0 && executableRules.length === 0 && this.#zipRules.length === 0) return NOTHING;
    const extracts = [
      ...this.#endScans(task, info.isExecutable),
      ...this.#byPath(task, bytes, info),
      ...this.#zipRules.flatMap((rule) => this.#asArchive(task, rule, { ...info, bytes }) ?? []),
    ];
    if (info.archive?.isLacking) return { extracts: [], missing: [{ start: 0, end: task.sizeBytes }] };
    if (info.structure.format === undefined) return { extracts, missing: [] };
    const missing: ByteSpan[] = [];
    for (const rule of executableRules) {
      if (this.#isPatterns(rule)) continue;
      const found = this.#byContent(task, rule, { ...info, bytes });
      if (found === undefined) continue;
      if ('kept' in found) extracts.push(found);
      else missing.push(...found);
    }
    return { extracts, missing };
  }

  #endScans(task: FileTask, isExecutable: boolean): KeptExtract[] {
    const scans = isExecutable ? [...this.#scans, ...this.#contentScans] : this.#scans;
    return scans.flatMap(({ rule, scan }) => {
      const hits = scan.end();
      if (hits.length === 0) return [];
      const byContent = isExecutable && this.#matcher.rule(rule).executables === true;
      const captures = byContent || task.extractRules.includes(rule);
      return this.#keep(task, Buffer.from(JSON.stringify(hits), 'utf8'), { rule, captures, byContent }) ?? [];
    });
  }

  #byPath(task: FileTask, bytes: Buffer, { structure, archive }: GatheredInfo): KeptExtract[] {
    return byPath(task).flatMap((index) => {
      const { extract, executables } = this.#matcher.rule(index);
      // the other way of matching will see to it
      const byContent = executables === true && structure.format !== undefined;
      if (byContent && task.executableRules.includes(index)) return [];
      const extractor = extract && EXTRACTORS[extract.kind];
      if (!extractor?.mayApply(bytes, structure)) return [];
      const captures = task.extractRules.includes(index);
      return this.#extractWhole(task, { bytes, archive, extractor }, { rule: index, captures, byContent }) ?? [];
    });
  }

  #asArchive(task: FileTask, rule: number, file: GatheredInfo & { readonly bytes: Buffer }): KeptExtract | undefined {
    const { extract } = this.#matcher.rule(rule);
    const extractor = extract && EXTRACTORS[extract.kind];
    if (!extractor?.mayApply(file.bytes, file.structure)) return undefined;
    return this.#extractWhole(task, { ...file, extractor }, { rule, captures: true, byContent: true });
  }

  #extractWhole(
    task: FileTask,
    file: {
      readonly bytes: Buffer;
      readonly archive?: SparseArchive | undefined;
      readonly extractor: ExtractorEntry;
    },
    what: { readonly rule: number; readonly captures: boolean; readonly byContent: boolean },
  ): KeptExtract | undefined {
    const { bytes, archive, extractor } = file;
    const { path, sizeBytes } = task;
    const sparse = archive === undefined ? {} : { sparse: archive };
    const { budget } = this.#host;
    const found = extractor.extract(bytes, { path, sizeBytes, complete: true, budget, ...sparse });
    return found === undefined || archive?.isLacking === true ? undefined : this.#keep(task, found, what);
  }

  /** @returns what was found, or the parts of the file that are missing */
  #byContent(
    task: FileTask,
    index: number,
    file: GatheredInfo & { readonly bytes: Buffer },
  ): KeptExtract | readonly ByteSpan[] | undefined {
    const rule = this.#matcher.rule(index);
    const extractor = rule.extract && EXTRACTORS[rule.extract.kind];
    if (!extractor) return undefined;
    const { bytes, plan, structure } = file;
    const { sizeBytes } = task;
    if (plan?.isPartial) {
      const judged = judgePartial(rule.extract.kind, bytes, { ...file, plan, sizeBytes });
      if (judged === 'nothing') return undefined;
      if (judged !== 'ready') {
        if (sizeBytes <= rule.maxBytes) return judged;
        this.#tooLarge(task, rule);
        return undefined;
      }
    }
    // of a part only little was written, however far it reaches
    const part = bytes.length > rule.maxBytes && !plan?.isPartial ? bytes.subarray(0, rule.maxBytes) : bytes;
    if (!extractor.mayApply(part, structure, plan?.isPartial ? plan.spans : undefined)) return undefined;
    const found = extractor.extract(part, { path: task.path, sizeBytes, complete: part.length === sizeBytes });
    if (found !== undefined) return this.#keep(task, found, { rule: index, captures: true, byContent: true });
    if (sizeBytes > rule.maxBytes && !plan?.isPartial) this.#tooLarge(task, rule);
    return undefined;
  }

  /** @returns undefined when too much was kept already */
  #keep(
    task: FileTask,
    bytes: Uint8Array,
    what: { readonly rule: number; readonly captures: boolean; readonly byContent: boolean },
  ): KeptExtract | undefined {
    if (!this.#host.mayCapture(task.path, bytes.length)) return undefined;
    const kept = this.#recorder.keep(bytes, false);
    if (what.captures) this.#recorder.capture(task.record, [what.rule], kept);
    return { rule: what.rule, kept, byContent: what.byContent };
  }

  #tooLarge(task: FileTask, rule: CaptureRule): void {
    this.#host.diagnose({
      code: 'file-too-large',
      severity: 'warning',
      message: `an executable of ${task.sizeBytes} bytes was searched in its first ${rule.maxBytes} bytes only`,
      path: `/${task.path}`,
    });
  }
}

const NO_SCANS: readonly RuleScan[] = [];
const NO_RULES: readonly number[] = [];
const NOTHING = { extracts: [], missing: [] } as const;

function byPath(task: FileTask): readonly number[] {
  return task.linkRules.length === 0 ? task.extractRules : [...task.extractRules, ...task.linkRules];
}
