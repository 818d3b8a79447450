import { coreError } from '../core/index.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** `512M`, `32G`, `1000` to bytes (binary suffixes). @throws AppError USAGE */
export function parseByteSize(text: string, flag: string): number {
  const match = /^(\d{1,15})([KMGT]?)i?B?$/i.exec(text);
  const bytes = match ? Number(match[1]) * (UNITS[(match[2] ?? '').toUpperCase()] ?? Number.NaN) : Number.NaN;
  if (!Number.isSafeInteger(bytes) || bytes < 1) {
    throw coreError('USAGE', `--${flag} ${JSON.stringify(text)} is no size`, {
      hint: 'give bytes, or a number with K, M, G or T: 32G',
    });
  }
  return bytes;
}

/** Values of `layerFlags` as use cases take them. @throws AppError USAGE */
export function layerLimit(flags: { readonly 'max-layer-bytes': string | undefined }): {
  readonly maxLayerBytes?: number;
} {
  const text = flags['max-layer-bytes'];
  return text === undefined ? {} : { maxLayerBytes: parseByteSize(text, 'max-layer-bytes') };
}

/** The value of `--max-bundle-bytes` as an option, when it was given. */
export function bundleLimit(flags: { readonly 'max-bundle-bytes'?: string | undefined }): {
  readonly maxBundleBytes?: number;
} {
  const text = flags['max-bundle-bytes'];
  return text === undefined ? {} : { maxBundleBytes: parseByteSize(text, 'max-bundle-bytes') };
}
