import type { TufAccess } from '../verification/trust.ts';

/** With what to sign, and whom to tell about it: what the shared flags of signing commands say. A key file, or else an identity. */
export interface SigningAccess extends KeyChoice, IdentityChoice, ServiceChoice {
  /** Whom to believe when what was just signed is verified; the root of the repository (`tuf`) unless given. */
  readonly trustedRootFiles?: readonly string[];
  /** PEM of a timestamp authority that is believed beside them. */
  readonly timestampChainFile?: string;
  /** Where trusted root and, for identities, the signing configuration are from when no file is given. */
  readonly tuf?: TufAccess;
  /** Accept certificates that no certificate transparency log vouches for. */
  readonly insecureIgnoreSct?: boolean;
}

export interface KeyChoice {
  /** A private key file, or `plugin:NAME#KEY`; left out, an identity signs. */
  readonly keyFile?: string;
  /** Called only for an encrypted key. */
  readonly password?: () => Promise<string>;
  /** PEM of the certificate that belongs to the key. */
  readonly certificateFile?: string;
  /** PEM of the private authority that issued it. */
  readonly certificateChainFile?: string;
}

export interface IdentityChoice {
  /** A token, a file with one, or `-`. */
  readonly identityToken?: string;
  /** Standard input, whole; for `-`. */
  readonly readStdin?: () => Promise<Uint8Array>;
  /** Id of the only provider to ask, or `interactive`. */
  readonly identityProvider?: string;
  /** How a person can be asked; left out, nobody is. */
  readonly interactive?: InteractiveAccess;
}

export interface InteractiveAccess {
  readonly flow: 'browser' | 'device';
  /** Where people sign in; what the signing configuration says unless given. */
  readonly issuer?: string;
  /** The operating system, as Node names it: how a browser is opened. */
  readonly platform: string;
  /** Shows a line to the person. */
  readonly show: (line: string) => void;
}

/** Services: a signing configuration, or single URLs; for identities the repository's configuration when there is neither. */
export interface ServiceChoice {
  readonly signingConfigFile?: string;
  readonly fulcioUrl?: string;
  readonly logUrls?: readonly { readonly url: string; readonly apiVersion: 1 | 2 }[];
  readonly timestampUrls?: readonly string[];
  /** PEM of more authorities whose certificates these services may show. */
  readonly servicesCaFile?: string;
}
