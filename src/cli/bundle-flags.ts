import { string } from '@oclif/core/flags';
import { parsePairs } from './parse-pairs.ts';
import { bundleLimitFlag } from './shared-flags.ts';
import { signerFlags } from './signer-flags.ts';

/** Flags of every command that judges a bundle that lies at hand: what it must say, who must have signed it, how large it may be. */
export const bundleJudgingFlags = {
  type: string({ summary: 'Want a statement of this type: a short name or a URI.', helpValue: 'TYPE' }),
  annotation: string({
    char: 'a',
    summary: 'Require this signed annotation of the subject (repeatable).',
    helpValue: 'KEY=VALUE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  ...signerFlags,
  ...bundleLimitFlag,
};

/** What must have been signed, by `--type` and `--annotation`, as use cases take it. @throws AppError USAGE */
export function wantedStatement(flags: {
  readonly type: string | undefined;
  readonly annotation: string[] | undefined;
}): { readonly type?: string; readonly annotations?: Readonly<Record<string, string>> } {
  const { type, annotation } = flags;
  return {
    ...(type === undefined ? {} : { type }),
    ...(annotation === undefined ? {} : { annotations: parsePairs(annotation, 'annotation') }),
  };
}
