import { ExitCode, defineErrors, type ErrorTable } from '../core/index.ts';

/** Why the files of an image could not be put together. */
export const FILESYSTEM_ERRORS = {
  FILESYSTEM_TOO_LARGE: ExitCode.Input,
  FILESYSTEM_RECORDS_INVALID: ExitCode.Input,
} as const satisfies ErrorTable;

export const filesystemError = defineErrors(FILESYSTEM_ERRORS);
