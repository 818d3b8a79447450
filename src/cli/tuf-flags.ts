import { string } from '@oclif/core/flags';

/** Flags of every command that takes trust from a TUF repository. */
export const tufFlags = {
  'tuf-mirror': string({
    summary: 'TUF repository: public-good (default), github, or a URL.',
    helpValue: 'URL',
    helpGroup: 'TRUST',
  }),
  'tuf-root': string({
    summary: 'Root metadata that trust in the mirror starts from, got from a place you trust.',
    helpValue: 'FILE',
    helpGroup: 'TRUST',
  }),
  'tuf-ca': string({
    summary: 'PEM file with certificates to trust for the mirror, beside the system’s.',
    helpValue: 'FILE',
    helpGroup: 'TRUST',
  }),
};

/** Values of `tufFlags` after parsing. */
export interface TufFlagValues {
  readonly 'tuf-mirror': string | undefined;
  readonly 'tuf-root': string | undefined;
  readonly 'tuf-ca': string | undefined;
}

/** How use cases take them. */
export interface TufAccessOptions {
  readonly mirror?: string;
  readonly rootFile?: string;
  readonly caFile?: string;
}

export function tufAccess(flags: TufFlagValues): TufAccessOptions {
  const { 'tuf-mirror': mirror, 'tuf-root': rootFile, 'tuf-ca': caFile } = flags;
  return {
    ...(mirror === undefined ? {} : { mirror }),
    ...(rootFile === undefined ? {} : { rootFile }),
    ...(caFile === undefined ? {} : { caFile }),
  };
}
