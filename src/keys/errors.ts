import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

/** Errors of key files and key pairs. */
export const KEY_ERRORS = {
  /** Not PEM, several keys in one file, or PEM whose content does not parse. */
  KEY_MALFORMED: ExitCode.Input,
  /** A key of an algorithm or size that is not on the list, or a container that is not read. */
  KEY_UNSUPPORTED: ExitCode.Input,
  /** A private key where a public one is wanted, or the reverse. */
  KEY_WRONG_KIND: ExitCode.Usage,
  /** Key derivation parameters over the caps. */
  KEY_LIMIT_EXCEEDED: ExitCode.Input,
  KEY_PASSWORD_WRONG: ExitCode.Auth,
} as const satisfies ErrorTable;

export const keyError = defineErrors(KEY_ERRORS);
