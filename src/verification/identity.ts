import { subjectAltNames, type NameKind } from './certificate-extensions.ts';
import type { Certificate } from './certificate.ts';
import {
  FULCIO_EXTENSION_NAMES,
  fulcioExtensions,
  oidcIssuer,
  type FulcioExtensionName,
  type FulcioExtensions,
} from './fulcio-extensions.ts';
import { Rejection, rejectAs, quote } from './rejection.ts';
import { compileText, identityError, type TextMatcher, type TextPattern } from './text-matcher.ts';

declare const identityBrand: unique symbol;

/** Kinds of names that are identities. */
export type IdentityKind = Extract<NameKind, 'uri' | 'email' | 'other-name'>;
const IDENTITY_KINDS: ReadonlySet<NameKind> = new Set(['uri', 'email', 'other-name']);

/** Who may have signed, as a user or a policy says it. All that is given must hold. */
export interface IdentityRule {
  /** What the user or the policy calls it. */
  readonly name?: string;
  /** The subject alternative name. */
  readonly identity?: TextPattern;
  /** The OpenID Connect issuer; null for certificates of a private authority, which name none. */
  readonly issuer: TextPattern | null;
  /** What else Fulcio wrote into the certificate. */
  readonly extensions?: Readonly<Partial<Record<FulcioExtensionName, TextPattern>>>;
}

/** A rule that was checked and compiled, by `compileIdentity` only. */
export interface TrustedIdentity {
  readonly [identityBrand]: true;
  readonly name?: string;
  readonly rule: IdentityRule;
  readonly identity?: TextMatcher;
  readonly issuer?: TextMatcher;
  readonly extensions: ReadonlyMap<FulcioExtensionName, TextMatcher>;
}

/** What a certificate says of its owner. */
export interface CertificateIdentity {
  readonly names: readonly { readonly kind: IdentityKind; readonly value: string }[];
  readonly issuer?: string;
  readonly extensions: FulcioExtensions;
}

/**
 * Compiles a rule. A rule that anybody meets is refused: it must say an identity or an extension, an issuer unless the authority is private, and
 * not only expressions that even the empty text meets.
 * @throws AppError VERIFICATION_IDENTITY
 */
export async function compileIdentity(rule: IdentityRule): Promise<TrustedIdentity> {
  const extensions = new Map<FulcioExtensionName, TextMatcher>();
  for (const [key, pattern] of Object.entries(rule.extensions ?? {})) {
    const name = FULCIO_EXTENSION_NAMES.find((known) => known === key);
    if (name === undefined) throw identityError(`no certificate extension is called ${quote(key)}`);
    extensions.set(name, await compileText(pattern, name));
  }
  if (rule.issuer === undefined) throw identityError('the issuer to look for is missing');
  const identity = rule.identity === undefined ? undefined : await compileText(rule.identity, 'identity');
  const issuer = rule.issuer === null ? undefined : await compileText(rule.issuer, 'issuer');
  const matchers = [...(identity === undefined ? [] : [identity]), ...extensions.values()];
  if (matchers.length === 0) throw identityError('neither an identity nor an extension to look for is given');
  if (matchers.every((matcher) => matcher.matches(''))) throw identityError('the expressions given are met by anybody');
  const compiled: Omit<TrustedIdentity, typeof identityBrand> = {
    ...(rule.name === undefined ? {} : { name: rule.name }),
    rule,
    ...(identity === undefined ? {} : { identity }),
    ...(issuer === undefined ? {} : { issuer }),
    extensions,
  };
  return compiled as TrustedIdentity;
}

/**
 * What the certificate says of its owner. Names of machines (DNS, addresses) are passed over: nobody proves to an authority for code signing that
 * a machine signed.
 * @throws Rejection CERTIFICATE_MALFORMED, IDENTITY_UNSUPPORTED
 */
export function identityOf(certificate: Certificate): CertificateIdentity {
  return rejectAs('CERTIFICATE_MALFORMED', 'the certificate does not parse', () => {
    const all = subjectAltNames(certificate);
    const names = all.flatMap(({ kind, value }) => (isIdentityKind(kind) ? [{ kind, value }] : []));
    if (names.length === 0) {
      const found = all.length === 0 ? 'no subject alternative name' : `only names of the kinds ${kindsOf(all)}`;
      throw new Rejection(
        'IDENTITY_UNSUPPORTED',
        `the certificate has ${found}; an identity is a URI, an e-mail address or a user name of Fulcio`,
      );
    }
    const issuer = oidcIssuer(certificate);
    return { names, ...(issuer === undefined ? {} : { issuer }), extensions: fulcioExtensions(certificate) };
  });
}

function isIdentityKind(kind: NameKind): kind is IdentityKind {
  return IDENTITY_KINDS.has(kind);
}

function kindsOf(names: readonly { readonly kind: NameKind }[]): string {
  return [...new Set(names.map(({ kind }) => kind))].join(', ');
}

/** The name by which a certificate meets a rule, or in words why it does not. */
export type IdentityMatch =
  | { readonly ok: true; readonly name: CertificateIdentity['names'][number] }
  | { readonly ok: false; readonly reason: string };

export function matchIdentity(owner: CertificateIdentity, wanted: TrustedIdentity): IdentityMatch {
  const name = owner.names.find(({ value }) => wanted.identity?.matches(value) ?? true);
  if (name === undefined) return differs('identity', owner.names[0]?.value, wanted.identity);
  // a private authority's certificates name no issuer; one that does is somebody else's
  if (wanted.issuer === undefined && owner.issuer !== undefined) {
    return { ok: false, reason: `its issuer is ${quote(owner.issuer)}, and none is to be named` };
  }
  if (wanted.issuer !== undefined && !(owner.issuer !== undefined && wanted.issuer.matches(owner.issuer))) {
    return differs('issuer', owner.issuer, wanted.issuer);
  }
  for (const [key, matcher] of wanted.extensions) {
    const value = Object.hasOwn(owner.extensions, key) ? owner.extensions[key] : undefined;
    if (value === undefined || !matcher.matches(value)) return differs(key, value, matcher);
  }
  return { ok: true, name };
}

function differs(what: string, actual: string | undefined, wanted: TextMatcher | undefined): IdentityMatch {
  const found = actual === undefined ? 'is missing' : `is ${quote(actual)}`;
  return { ok: false, reason: `its ${what} ${found}, not ${showPattern(wanted?.pattern)}` };
}

function showPattern(pattern: TextPattern | undefined): string {
  if (pattern === undefined) return 'what is wanted';
  return typeof pattern === 'string' ? quote(pattern) : `one that meets ${quote(pattern.regexp)}`;
}
