import { ExitCode, defineErrors, type ErrorTable } from '../../core/index.ts';

/** Why a tar archive was refused. */
export const TAR_ERRORS = {
  TAR_MALFORMED: ExitCode.Input,
  TAR_TRUNCATED: ExitCode.Input,
  TAR_CHECKSUM: ExitCode.Input,
  TAR_PATH_ESCAPE: ExitCode.Input,
  TAR_LIMIT: ExitCode.Input,
  TAR_TOO_MANY_ENTRIES: ExitCode.Input,
  /** A header that this archive format cannot express (the caller's mistake). */
  TAR_UNWRITABLE: ExitCode.Internal,
} as const satisfies ErrorTable;

export const tarError = defineErrors(TAR_ERRORS);
