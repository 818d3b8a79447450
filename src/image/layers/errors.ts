import { ExitCode, defineErrors, type ErrorTable } from '../../core/index.ts';

/** Why a layer was refused. */
export const LAYER_ERRORS = {
  LAYER_DIGEST_MISMATCH: ExitCode.Input,
  LAYER_SIZE_MISMATCH: ExitCode.Input,
  LAYER_DIFF_ID_MISMATCH: ExitCode.Input,
  LAYER_TRUNCATED: ExitCode.Input,
  LAYER_TOO_LARGE: ExitCode.Input,
  LAYER_EXPANSION: ExitCode.Input,
  LAYER_TOO_MANY_ENTRIES: ExitCode.Input,
  LAYER_CAPTURES_TOO_LARGE: ExitCode.Input,
  LAYER_PATH_ESCAPE: ExitCode.Input,
  LAYER_MALFORMED: ExitCode.Input,
  /** The media type is unknown, or says something else than the bytes. */
  LAYER_MEDIA_TYPE: ExitCode.Input,
  LAYER_UNREADABLE: ExitCode.Input,
  /** The thread that parses gave up; its own error says why. */
  LAYER_STOPPED: ExitCode.Internal,
  TOO_MANY_LAYERS: ExitCode.Input,
  ROOTFS_NOT_FOUND: ExitCode.Input,
  ROOTFS_UNREADABLE: ExitCode.Input,
} as const satisfies ErrorTable;

export type LayerErrorCode = keyof typeof LAYER_ERRORS;

export const layerError = defineErrors(LAYER_ERRORS);
