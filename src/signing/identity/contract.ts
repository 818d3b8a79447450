import type { runHelper, Runtime } from '../../core/index.ts';
import type { HttpClient, Sleep } from '../../net/index.ts';
import type { IdentityToken } from './token.ts';

/** What providers of identities may use of the outside world; all of it comes in from the caller. */
export interface IdentityContext {
  readonly runtime: Pick<Runtime, 'env' | 'now' | 'randomBytes' | 'signal'>;
  readonly client: HttpClient;
  /** `runHelper` of core unless told. */
  readonly runHelper?: typeof runHelper;
  /** Reads a whole small file, or undefined when it is not there. The file system unless told. */
  readonly readFile?: (path: string, maxBytes: number) => Promise<Uint8Array | undefined>;
  /** Real waiting unless told. */
  readonly sleep?: Sleep;
}

/**
 * A place that identity tokens come from without anybody being asked: a CI service, a cloud, a file that an orchestrator keeps fresh.
 *
 * One file per provider exports one; `registry.ts` lists them in the order in which they are looked for.
 */
export interface IdentityProvider {
  /** Stable, lower case: `github-actions`. What `--identity-provider` takes and the report names. */
  readonly id: string;
  /** For people: `GitHub Actions`. */
  readonly title: string;
  /** The documents it follows. */
  readonly specifications: readonly string[];
  /**
   * Whether the environment offers this provider. Looks at variables and local files only: nothing is asked over the network.
   */
  detect(context: IdentityContext): Promise<boolean>;
  /**
   * Gets a fresh token for this audience. What comes back is checked by the caller.
   * @throws AppError IDENTITY_PROVIDER_FAILED and those of services; never with a token in it
   */
  fetchToken(context: IdentityContext, audience: string): Promise<string>;
  /** Why it is not there although it looks as if it should be (a missing permission), for people. */
  missingHint?(context: IdentityContext): string | undefined;
}

export interface ResolvedIdentity {
  readonly token: IdentityToken;
  /** Where the token came from; to be shown to the user. */
  readonly provider: { readonly id: string; readonly title: string };
}
