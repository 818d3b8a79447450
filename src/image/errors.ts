import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

/** Why an image reference, store or document was refused. */
export const IMAGE_ERRORS = {
  REFERENCE_INVALID: ExitCode.Usage,
  TRANSPORT_UNSUPPORTED: ExitCode.Usage,
  PLATFORM_INVALID: ExitCode.Usage,
  TAG_REQUIRED: ExitCode.Usage,
  TAG_AMBIGUOUS: ExitCode.Input,
  STORE_NOT_FOUND: ExitCode.Input,
  STORE_UNREADABLE: ExitCode.Input,
  STORE_UNWRITABLE: ExitCode.Usage,
  /** Archives can be read, not added to. */
  STORE_READ_ONLY: ExitCode.Usage,
  /** Another process holds the lock of a layout's index.json. */
  LAYOUT_LOCKED: ExitCode.Usage,
  LAYOUT_INVALID: ExitCode.Input,
  LINK_ESCAPE: ExitCode.Input,
  ARCHIVE_INVALID: ExitCode.Input,
  ARCHIVE_UNSUPPORTED: ExitCode.Input,
  MANIFEST_NOT_FOUND: ExitCode.Input,
  BLOB_NOT_FOUND: ExitCode.Input,
  SIZE_MISMATCH: ExitCode.Input,
  MANIFEST_DIGEST_MISMATCH: ExitCode.Input,
  MANIFEST_INVALID: ExitCode.Input,
  /** A document that one reader takes for an image and another for an index. */
  MANIFEST_AMBIGUOUS: ExitCode.Input,
  MEDIA_TYPE_CONFLICT: ExitCode.Input,
  UNSUPPORTED_SCHEMA: ExitCode.Input,
  NOT_AN_IMAGE: ExitCode.Input,
  NOT_AN_INDEX: ExitCode.Input,
  INDEX_NESTED: ExitCode.Input,
  CONFIG_INVALID: ExitCode.Input,
  DIFF_ID_COUNT: ExitCode.Input,
  UNSUPPORTED_LAYER: ExitCode.Input,
  ENCRYPTED_LAYER: ExitCode.Input,
  UNKNOWN_LAYER_TYPE: ExitCode.Input,
  LAYER_COUNT: ExitCode.Input,
  PLATFORM_NOT_FOUND: ExitCode.Input,
  PLATFORM_DUPLICATE: ExitCode.Input,
  PLATFORM_CONFLICT: ExitCode.Input,
  /** Content given to the image writer cannot be written (the caller's mistake). */
  IMAGE_UNWRITABLE: ExitCode.Usage,
} as const satisfies ErrorTable;

export type ImageErrorCode = keyof typeof IMAGE_ERRORS;

export const imageError = defineErrors(IMAGE_ERRORS);

/** An error of the file system as this room's; what is one of ours already, or no error of the file system, stays as it is. */
export function storeFailure(code: 'STORE_UNREADABLE' | 'STORE_UNWRITABLE', what: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || cause.name === 'AppError') return cause;
  // only system calls have one: a fault of our own must not pass for one of the disk
  if (!('syscall' in cause) || !('code' in cause)) return cause;
  return imageError(code, `${what}: ${String(cause.code)}`, { cause });
}
