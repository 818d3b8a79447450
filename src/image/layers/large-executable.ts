import type { Extraction } from '../../filesystem/index.ts';
import { compilePatterns, hasDotnetBundle, PatternScan, tryParseMachO, tryParsePe } from '../../formats/index.ts';
import { executableKind, type ExecutableStructure } from './executable-structure.ts';
import { sectionTable, unneededSpans } from './go-marker.ts';
import type { ByteSpan } from './scratch.ts';

type Kind = Extraction['kind'];

/** Executables up to this size are gathered whole. */
export const WHOLE_BYTES = 16 * 1024 * 1024;
/** What must be seen of a larger one to say which parts of it are kept. */
export const HEAD_BYTES = 64 * 1024;

/** Names of sections lie in front of the table of sections, with some linkers the names of symbols between: megabytes. A second look costs a whole layer. */
const TAIL_BYTES = 16 * 1024 * 1024;
/** A program that carries files behind its sections is itself not larger. */
const MAX_HOST_BYTES = 96 * 1024 * 1024;

/** So far the beginning and the end of a program are kept to judge it by, also of one larger than what rules look into. */
const JUDGED_BYTES = 1024 * 1024 * 1024;

/** What is gathered only because nothing is known of a program's sections. */
const MAX_AGAIN_BYTES = 128 * 1024 * 1024;

/** Which parts of a large executable are kept while it streams by. */
export interface LargePlan {
  /** Ascending, without overlap. */
  readonly spans: readonly ByteSpan[];
  /** Up to where the last part can reach. */
  readonly lengthBytes: number;
  /** Where files begin that the program carries, when they are wanted if it is a .NET host. */
  readonly payloadAt?: number;
  /** Not all that extractors may want is known to be kept: judge in the end. */
  readonly isPartial: boolean;
  /** Nothing but the beginning is kept: look for signs meanwhile. */
  readonly scansSigns?: true;
}

/** @param limitBytes no extractor looks further where all of a program is kept */
export function planLarge(
  head: Buffer,
  file: { readonly sizeBytes: number; readonly limitBytes: number; readonly kinds: ReadonlySet<Kind> },
): LargePlan {
  const { sizeBytes, kinds } = file;
  const lengthBytes = Math.min(sizeBytes, file.limitBytes);
  const start: ByteSpan = { start: 0, end: HEAD_BYTES };
  const format = executableKind(head);
  if (format !== 'elf') {
    const isReal = format === 'pe' ? tryParsePe(head) !== undefined : tryParseMachO(head).length > 0;
    return { spans: [isReal ? { start: 0, end: lengthBytes } : start], lengthBytes, isPartial: false };
  }
  const table = sectionTable(head);
  if (table && table.end <= HEAD_BYTES) {
    return { spans: complement(unneededSpans(head), lengthBytes), lengthBytes, isPartial: false };
  }
  // packed, or the table is cut off or too far, or the header lies
  if (!table || table.end > Math.min(sizeBytes, JUDGED_BYTES)) {
    return { spans: [start], lengthBytes: Math.min(lengthBytes, HEAD_BYTES), isPartial: true, scansSigns: true };
  }
  const hasPayload = sizeBytes - table.end > HEAD_BYTES && kinds.has('dotnet-bundle');
  if (hasPayload && table.end <= MAX_HOST_BYTES) {
    return { spans: [{ start: 0, end: table.end }], lengthBytes, payloadAt: table.end, isPartial: false };
  }
  const tail = { start: Math.max(0, table.start - TAIL_BYTES), end: table.end };
  return { spans: mergeSpans([start, tail]), lengthBytes: table.end, isPartial: true };
}

/** Whether the files that follow a program of which everything is there are wanted. */
export function wantsPayload(host: Buffer): boolean {
  return hasDotnetBundle(host);
}

/** Looks for signs of what a partial plan may have left out. */
export class SignScan {
  readonly #scan = new PatternScan(SIGNS);

  add(chunk: Buffer): void {
    this.#scan.add(chunk);
  }

  /** Kinds whose signs were found. */
  finish(): ReadonlySet<string> {
    return new Set(this.#scan.end().map(({ id }) => id));
  }
}

const SIGNS = compilePatterns([
  { id: 'go-buildinfo', needle: '\xff Go buildinf:', pattern: '\\xff Go buildinf:', before: 0, after: 16 },
  { id: 'rust-audit', needle: '.dep-v0\0', pattern: '\\.dep-v0\\0', before: 0, after: 8 },
] satisfies { id: Kind; [key: string]: unknown }[]);

/** What a partial plan came to, for one kind: all it needs is there, nothing is there for it, or these parts are missing. */
export type Judgement = 'ready' | 'nothing' | readonly ByteSpan[];

interface WantedSection {
  readonly sign: string;
  readonly isSmall: boolean;
  /** The head alone may tell too: of notes where they lie, of a packed program that it is packed. */
  readonly isReadWithout?: true;
}

/** Sections to see whole; of the other kinds everything but code and debugging data. */
const SECTIONS: Readonly<Partial<Record<Kind, WantedSection>>> = {
  'go-buildinfo': { sign: '.go.buildinfo', isSmall: false, isReadWithout: true },
  'rust-audit': { sign: '.dep-v0', isSmall: true },
  'elf-package-note': { sign: '.note.package', isSmall: true, isReadWithout: true },
  'graalvm-sbom': { sign: '.svm_heap', isSmall: false },
};

/** @param bytes what was kept, zeros between */
export function judgePartial(
  kind: Kind,
  bytes: Buffer,
  file: {
    readonly structure: ExecutableStructure;
    readonly plan: LargePlan;
    readonly signs: ReadonlySet<string>;
    readonly sizeBytes: number;
  },
): Judgement {
  const { structure, plan, signs, sizeBytes } = file;
  const wanted = SECTIONS[kind];
  if (!wanted) return 'nothing';
  if (!structure.hasSections) {
    if (signs.has(kind)) return complement(unneededSpans(bytes), sizeBytes);
    if (!plan.scansSigns && !wanted.isReadWithout) return mostOf(bytes, sizeBytes);
    return wanted.isReadWithout ? 'ready' : 'nothing';
  }
  const section = structure.section(wanted.sign);
  // the compiler's comment is kept or not worth a second look
  if (!section) return kind === 'rust-audit' ? 'ready' : 'nothing';
  if (!wanted.isSmall) return complement(unneededSpans(bytes), sizeBytes);
  const span = { start: section.offset, end: Math.min(sizeBytes, section.offset + section.sizeBytes) };
  return plan.spans.some(({ start, end }) => start <= span.start && span.end <= end) ? 'ready' : [span];
}

/** All but code and debugging data of a program whose sections have no readable names (they lie far from their table), if it is not too much. */
function mostOf(bytes: Buffer, sizeBytes: number): Judgement {
  const spans = complement(unneededSpans(bytes), sizeBytes);
  const total = spans.reduce((sum, { start, end }) => sum + end - start, 0);
  return total <= MAX_AGAIN_BYTES ? spans : 'nothing';
}

/** What lies between spans, up to an end. */
export function complement(spans: readonly ByteSpan[], endBytes: number): ByteSpan[] {
  const rest: ByteSpan[] = [];
  let at = 0;
  for (const { start, end } of spans) {
    if (start > at) rest.push({ start: at, end: Math.min(start, endBytes) });
    at = Math.max(at, end);
    if (at >= endBytes) return rest.filter((span) => span.start < span.end);
  }
  if (at < endBytes) rest.push({ start: at, end: endBytes });
  return rest;
}

/** Sorted, and those that touch joined. */
export function mergeSpans(spans: readonly ByteSpan[]): ByteSpan[] {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else if (start < end) merged.push({ start, end });
  }
  return merged;
}
