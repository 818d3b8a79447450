import { coreError, isDigest, type Digest } from '../core/index.ts';

/** @throws AppError USAGE */
export function parseDigestFlag(text: string, flag: string): Digest {
  if (!isDigest(text)) throw coreError('USAGE', `--${flag} is no digest`, { hint: 'write sha256: and 64 hex digits' });
  return text;
}

/** The value of `--as-of` as an option, when it was given. @throws AppError USAGE */
export function asOfTime(flags: { readonly 'as-of': string | undefined }): { readonly asOf?: Date } {
  const text = flags['as-of'];
  return text === undefined ? {} : { asOf: parseTimeFlag(text, 'as-of') };
}

/** RFC 3339 with a zone. @throws AppError USAGE */
function parseTimeFlag(text: string, flag: string): Date {
  const time = new Date(text);
  if (
    !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/.test(text) ||
    Number.isNaN(time.getTime())
  ) {
    throw coreError('USAGE', `--${flag} ${JSON.stringify(text.slice(0, 80))} is no time`, {
      hint: 'write 2026-12-31T23:59:59Z',
    });
  }
  return time;
}

/** A file that is written anew each time: its ending shows that it is none of the inputs. @throws AppError USAGE */
export function parseReportFlag(path: string, flag: string, ending: string): string {
  if (!path.endsWith(ending))
    throw coreError('USAGE', `--${flag} ${JSON.stringify(path.slice(0, 80))} does not end in ${ending}`, {
      hint: 'what is there is replaced: the ending keeps other files from being overwritten',
    });
  return path;
}
