import { loadTarget, readKeptTarget } from './load-target.ts';
import type { TufOptions, TufTarget } from './types.ts';

export { describeTrustedRoots } from './describe-trusted-root.ts';
export type {
  AuthorityView,
  CertificateView,
  LogView,
  TrustedRootView,
  ValidityView,
} from './describe-trusted-root.ts';
export type { TufOptions, TufSource, TufTarget, TufVersions } from './types.ts';

/**
 * `trusted_root.json` of a TUF repository: who may vouch for certificates, log entries and times.
 * @throws AppError of TUF_ERRORS, of NET_ERRORS, INTERRUPTED
 */
export function loadTrustedRootFromTuf(options: TufOptions): Promise<TufTarget> {
  return loadTarget('trusted_root.json', options);
}

/**
 * `signing_config.v0.2.json` of a TUF repository: which services sign. None ships with waybill.
 * @throws AppError of TUF_ERRORS, of NET_ERRORS, INTERRUPTED
 */
export function loadSigningConfigFromTuf(options: TufOptions): Promise<TufTarget> {
  return loadTarget('signing_config.v0.2.json', options);
}

/** The trusted root as it was kept, expired or not; undefined when none is. To compare with, never to trust. */
export function readKeptTrustedRoot(options: TufOptions): Promise<TufTarget | undefined> {
  return readKeptTarget('trusted_root.json', options);
}

/** The same for the signing configuration. */
export function readKeptSigningConfig(options: TufOptions): Promise<TufTarget | undefined> {
  return readKeptTarget('signing_config.v0.2.json', options);
}
