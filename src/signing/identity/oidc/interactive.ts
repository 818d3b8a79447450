/** What a person is asked to do. */
export type SignInPrompt =
  | { readonly kind: 'browser'; readonly url: URL }
  | { readonly kind: 'device'; readonly url: URL; readonly userCode: string };

export interface InteractiveOptions {
  readonly flow: 'browser' | 'device';
  /** The OpenID Connect issuer: `https://oauth2.sigstore.dev/auth`. */
  readonly issuer: string;
  /** `sigstore` for the public issuer; the token's audience as well. */
  readonly clientId: string;
  /** How long a person may take. */
  readonly timeLimitMs: number;
  /** Port of the listener, where the issuer wants a registered one. */
  readonly redirectPort?: number;
  /** Shows the prompt (to a terminal, never to stdout), and may open a browser. The URL is hostile until shown with care. */
  readonly ask: (prompt: SignInPrompt) => Promise<void>;
}
