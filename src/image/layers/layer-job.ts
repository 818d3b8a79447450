import { LIMITS, type Digest } from '../../core/index.ts';
import type { LayerRecords, StackDiagnostic } from '../../filesystem/index.ts';
import type { FileRange } from '../types.ts';
import type { ByteSpan } from './scratch.ts';

/** Caps on one layer. Plain data: crosses into workers. */
export interface LayerLimits {
  /** Uncompressed bytes. */
  readonly layerBytes: number;
  /** Uncompressed over compressed size; what is beyond it counts against `expansionExcessBytes`. */
  readonly expansionRatio: number;
  /** Of all layers of an image together. */
  readonly expansionExcessBytes: number;
  readonly layerEntries: number;
  /** Of the layer, and of all layers of an image together. */
  readonly capturedBytesTotal: number;
}

export const DEFAULT_LAYER_LIMITS: LayerLimits = {
  layerBytes: LIMITS.layerBytes,
  expansionRatio: LIMITS.expansionRatio,
  expansionExcessBytes: LIMITS.expansionExcessBytes,
  layerEntries: LIMITS.layerEntries,
  capturedBytesTotal: LIMITS.capturedBytesTotal,
};

/** Paths whose content was recognised as wanted only after it had streamed by. */
export interface SecondLook {
  /** To look at although rules (indices of the plan's) match only hard links that point at them. */
  readonly linkSources: readonly { readonly path: string; readonly rules: readonly number[] }[];
  /** Large executables of which these parts are needed. */
  readonly executables: readonly { readonly path: string; readonly spans: readonly ByteSpan[] }[];
}

/** Limits for whom the user named what one layer may unpack to: it may be as sparse as it likes. */
export function layerLimitsFor(maxLayerBytes: number | undefined): Partial<LayerLimits> {
  return maxLayerBytes === undefined ? {} : { layerBytes: maxLayerBytes, expansionRatio: Number.MAX_SAFE_INTEGER };
}

export const NO_SECOND_LOOK: SecondLook = { linkSources: [], executables: [] };

/** One layer to read, as a worker is told. */
export interface LayerJob {
  readonly index: number;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly diffId: Digest;
  readonly mediaType: string;
  /** The stored bytes' place, or undefined when they come as messages. */
  readonly range?: FileRange;
  /** What an earlier pass could not know in time. */
  readonly secondLook: SecondLook;
}

/** What one pass over a layer gives. */
export interface LayerResult {
  readonly records: LayerRecords;
  readonly diagnostics: readonly StackDiagnostic[];
  /** Of the whole archive; 0 for a directory. */
  readonly unpackedBytes: number;
  /** What another pass would have to keep, if anything. */
  readonly missing: SecondLook;
}

export function needsSecondLook(result: LayerResult): boolean {
  return looksForSomething(result.missing);
}

export function looksForSomething({ linkSources, executables }: SecondLook): boolean {
  return linkSources.length > 0 || executables.length > 0;
}

/** How messages name a layer. */
export function layerLabel(job: Pick<LayerJob, 'index' | 'digest'>): string {
  return `layer ${job.index} (${job.digest})`;
}
