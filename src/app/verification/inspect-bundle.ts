import { LIMITS, readInputFile } from '../../core/index.ts';
import { describeBundle, type DescribedBundle } from '../../verification/index.ts';

export interface InspectBundleResult extends DescribedBundle {
  readonly file: string;
  /** Always: inspecting is not verifying. */
  readonly verified: false;
}

/** What a bundle says of itself; nothing is verified. */
export async function inspectBundle(options: {
  readonly file: string;
  readonly maxBundleBytes?: number;
}): Promise<InspectBundleResult> {
  const maxBytes = options.maxBundleBytes ?? LIMITS.bundleBytes;
  const bytes = await readInputFile(options.file, maxBytes);
  return { file: options.file, verified: false, ...describeBundle(bytes, { maxBytes }) };
}
