import { bundleLimit } from './byte-size.ts';

/** Values of `imageFlags` after parsing, and of those that go with them. */
export interface ImageFlagValues {
  readonly platform?: string | undefined;
  readonly 'insecure-registry': string[] | undefined;
  readonly 'registry-realm': string[] | undefined;
  readonly 'registry-ca': string | undefined;
  readonly authfile: string | undefined;
  readonly 'attachment-repository'?: string | undefined;
  readonly 'max-referrers'?: number | undefined;
  readonly 'max-bundle-bytes'?: string | undefined;
}

/** How use cases take them. */
export interface ImageAccessOptions {
  readonly platform?: string;
  readonly insecureRegistries: readonly string[];
  readonly allowedRealms: readonly string[];
  readonly registryCaFile?: string;
  readonly authFile?: string;
  readonly attachmentRepository?: string;
  readonly maxReferrers?: number;
  readonly maxBundleBytes?: number;
}

/** Turns the shared image flags into the options of a use case. @throws AppError USAGE for a size that is none */
export function imageAccess(flags: ImageFlagValues): ImageAccessOptions {
  const repository = flags['attachment-repository'];
  const maxReferrers = flags['max-referrers'];
  return {
    ...(flags.platform === undefined ? {} : { platform: flags.platform }),
    insecureRegistries: flags['insecure-registry'] ?? [],
    allowedRealms: flags['registry-realm'] ?? [],
    ...(flags['registry-ca'] === undefined ? {} : { registryCaFile: flags['registry-ca'] }),
    ...(flags.authfile === undefined ? {} : { authFile: flags.authfile }),
    // an empty variable is one that is not set
    ...(repository === undefined || repository === '' ? {} : { attachmentRepository: repository }),
    ...(maxReferrers === undefined ? {} : { maxReferrers }),
    ...bundleLimit(flags),
  };
}
