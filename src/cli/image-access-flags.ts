/** Values of `imageFlags` after parsing. */
export interface ImageFlagValues {
  readonly platform: string | undefined;
  readonly 'insecure-registry': string[] | undefined;
  readonly 'registry-realm': string[] | undefined;
  readonly 'registry-ca': string | undefined;
  readonly authfile: string | undefined;
}

/** How use cases take them. */
export interface ImageAccessOptions {
  readonly platform?: string;
  readonly insecureRegistries: readonly string[];
  readonly allowedRealms: readonly string[];
  readonly registryCaFile?: string;
  readonly authFile?: string;
}

/** Turns the shared image flags into the options of a use case. */
export function imageAccess(flags: ImageFlagValues): ImageAccessOptions {
  return {
    ...(flags.platform === undefined ? {} : { platform: flags.platform }),
    insecureRegistries: flags['insecure-registry'] ?? [],
    allowedRealms: flags['registry-realm'] ?? [],
    ...(flags['registry-ca'] === undefined ? {} : { registryCaFile: flags['registry-ca'] }),
    ...(flags.authfile === undefined ? {} : { authFile: flags.authfile }),
  };
}
