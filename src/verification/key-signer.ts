import type { ParsedBundle, ParsedFileBundle } from '../attestation/index.ts';
import type { SignatureToCheck } from './certificate-signer.ts';
import { evaluateProofs, type ProofContext, type Proofs } from './evaluate-proofs.ts';
import { Rejection, quote } from './rejection.ts';
import type { KeySigner, RefusedName, SignatureProofs, SignerOptions, SigningTime, TrustedKey } from './types.ts';
import { isWithin, showValidity, type Validity } from './validity.ts';

/**
 * Verifies which trusted key signed a bundle, and its log entries where one of the key's names asks for one.
 * @throws Rejection
 */
export async function checkKeySigner(signature: SignatureToCheck, options: SignerOptions): Promise<SignatureProofs> {
  const { bundle } = signature;
  const signingKey = await verifySigner(signature, options.keys);
  const { key } = signingKey;
  if (options.algorithms?.includes(key.algorithm) === false) {
    throw new Rejection('ALGORITHM_NOT_ALLOWED', `the key is ${key.algorithm}, which is not accepted here`);
  }
  const all = options.keys.filter((trusted) => trusted.key.fingerprint === key.fingerprint);
  const { names, refused, proofs } = await checkNames(signature, signingKey, all, options);
  const signer: KeySigner = {
    kind: 'key',
    fingerprint: key.fingerprint,
    hint: key.hint,
    names: names.flatMap(({ name }) => (name === undefined ? [] : [name])),
    ...(refused.length === 0 ? {} : { refused }),
  };
  return {
    signer,
    log: proofs?.log ?? { evaluated: false, entries: bundle.logEntries.length },
    timestamps: proofs?.timestamps ?? { evaluated: false, entries: bundle.timestamps.length },
  };
}

/** The hint only selects among trusted keys; when it fits none of them, all are tried, as hints of other tools are not always digests. */
async function verifySigner(signature: SignatureToCheck, keys: readonly TrustedKey[]): Promise<TrustedKey> {
  const hint = hintOf(signature.bundle);
  const hinted = keys.filter(({ key }) => key.hint === hint);
  const { signingKey, rejection } = await findSigningKey(signature, hinted.length > 0 ? hinted : keys);
  if (signingKey !== undefined) return signingKey;
  if (rejection !== undefined) throw rejection;
  const [claimed] = hinted;
  if (claimed !== undefined) {
    const name = claimed.name === undefined ? '' : ` (${claimed.name})`;
    throw new Rejection(
      'SIGNATURE_INVALID',
      `it names the trusted key ${claimed.key.fingerprint}${name}, and the signature is not that key's: altered after signing, or never signed`,
    );
  }
  const claim = hint === '' ? 'it names no key' : `it names the key ${claimedFingerprint(hint) ?? quote(hint)}`;
  const trusted =
    keys.length === 1 ? `the trusted key ${keys[0]?.key.fingerprint ?? ''}` : `any of the ${keys.length} trusted keys`;
  throw new Rejection('UNTRUSTED_KEY', `${claim}, and was not signed by ${trusted}`);
}

/** The first key that made the signature; or else why one of them cannot be tried: a file's digest is not enough for every algorithm. */
async function findSigningKey(
  signature: SignatureToCheck,
  keys: readonly TrustedKey[],
): Promise<{ readonly signingKey?: TrustedKey; readonly rejection?: Rejection }> {
  let rejection: Rejection | undefined;
  for (const trusted of keys) {
    try {
      if (await signature.verify(trusted.key)) return { signingKey: trusted };
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      rejection = error;
    }
  }
  return rejection === undefined ? {} : { rejection };
}

interface KeyOutcome {
  /** The names of the key under which the bundle counts. */
  readonly names: readonly TrustedKey[];
  /** The others. */
  readonly refused: readonly RefusedName[];
  readonly proofs?: Proofs;
}

/** Names that ask for nothing always count; those that ask for a log entry or a time do when a trusted root proves it. */
async function checkNames(
  signature: SignatureToCheck,
  { key }: TrustedKey,
  names: readonly TrustedKey[],
  options: SignerOptions,
): Promise<KeyOutcome> {
  const spki = key.key.export({ type: 'spki', format: 'der' });
  const counted: TrustedKey[] = [];
  const refused: RefusedName[] = [];
  let logged: Proofs | undefined;
  let timed: Proofs | undefined;
  let rejection: Rejection | undefined;
  for (const trusted of names) {
    const withLog = trusted.requireTransparencyLog ?? options.requireTransparencyLog;
    try {
      if (withLog) logged ??= await proveUnderAny(signature, spki, options);
      else timed ??= await proveWithoutLog(signature, { spki, trusted, options });
      if (trusted.validFor !== undefined) checkKeyWindow(trusted.validFor, (logged ?? timed)?.times ?? [], options);
      counted.push(trusted);
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      rejection = error;
      if (trusted.name !== undefined) refused.push({ name: trusted.name, code: error.code, reason: error.message });
    }
  }
  if (counted.length === 0 && rejection !== undefined) throw rejection;
  const proofs = logged ?? timed;
  return { names: counted, refused, ...(proofs === undefined ? {} : { proofs }) };
}

interface WithoutLog {
  readonly spki: Uint8Array;
  readonly trusted: TrustedKey;
  readonly options: SignerOptions;
}

/** Timestamps where they are asked for, or where a time is of use; nothing is looked at where neither is so. */
async function proveWithoutLog(
  signature: SignatureToCheck,
  { spki, trusted, options }: WithoutLog,
): Promise<Proofs | undefined> {
  const { trust = [], seekTimes = false } = options;
  const asksForStamps = trust.some(({ thresholdsForKeys }) => (thresholdsForKeys?.timestamps ?? 0) > 0);
  // as many as one of the roots asks for, all of authorities that it knows
  if (asksForStamps) await firstThatProves(signature, spki, { ...options, withLog: false });
  if (!asksForStamps && trusted.validFor === undefined && !seekTimes) return undefined;
  return proveTimes(signature, spki, options);
}

/** What timestamps alone say, under the root that knows most of them; and log entries where times are sought and these verify. */
async function proveTimes(
  signature: SignatureToCheck,
  spki: Uint8Array,
  { trust = [], now, seekTimes = false }: SignerOptions,
): Promise<Proofs | undefined> {
  let best: Proofs | undefined;
  for (const { root } of trust) {
    const context = {
      content: signature.content,
      signer: { kind: 'key', bytes: spki },
      root,
      thresholds: { logs: 0, timestamps: 0 },
      now,
    } as const;
    const withLog = seekTimes ? await proveOrNothing(signature, { ...context, withLog: true }) : undefined;
    const proofs = withLog ?? (await evaluateProofs(signature.bundle, { ...context, withLog: false }));
    if (best === undefined || proofs.times.length > best.times.length) best = proofs;
  }
  return best;
}

/** Entries that nobody asked for and that do not verify prove nothing, and refuse nothing either. */
async function proveOrNothing({ bundle }: SignatureToCheck, context: ProofContext): Promise<Proofs | undefined> {
  try {
    return await evaluateProofs(bundle, context);
  } catch (error) {
    if (error instanceof Rejection) return undefined;
    throw error;
  }
}

/** Every trusted time must lie in the key's window; where there is none, the clock of who asks. */
function checkKeyWindow(validFor: Validity, times: readonly SigningTime[], { now }: SignerOptions): void {
  const moments = times.length > 0 ? times.map(({ time }) => new Date(time)) : now === undefined ? [] : [now];
  if (moments.length === 0) {
    throw new Rejection(
      'TIME_MISSING',
      'the key is trusted for a time only, and nobody trusted says when it was signed',
    );
  }
  const outside = moments.find((moment) => !isWithin(validFor, moment));
  if (outside === undefined) return;
  throw new Rejection('KEY_EXPIRED', `the key is trusted ${showValidity(validFor)}, not at ${outside.toISOString()}`);
}

async function proveUnderAny(signature: SignatureToCheck, spki: Uint8Array, options: SignerOptions): Promise<Proofs> {
  if (signature.bundle.logEntries.length === 0) {
    throw new Rejection('LOG_MISSING', 'a transparency log entry is required, and the bundle has none');
  }
  const proofs = await firstThatProves(signature, spki, { ...options, withLog: true });
  if (proofs !== undefined) return proofs;
  throw new Rejection(
    'LOG_UNVERIFIABLE',
    'a transparency log entry is required, and there is no trust root to check it against',
  );
}

/**
 * What the first of the roots proves that proves as much as it is asked for; undefined where there is no root.
 * @throws Rejection when none does: that of the last
 */
async function firstThatProves(
  { bundle, content }: SignatureToCheck,
  spki: Uint8Array,
  { trust = [], now, withLog }: Pick<SignerOptions, 'trust' | 'now'> & { readonly withLog: boolean },
): Promise<Proofs | undefined> {
  let rejection: Rejection | undefined;
  for (const { root, thresholdsForKeys } of trust) {
    const logs = withLog ? Math.max(1, thresholdsForKeys?.logs ?? 1) : 0;
    try {
      return await evaluateProofs(bundle, {
        content,
        signer: { kind: 'key', bytes: spki },
        root,
        thresholds: { logs, timestamps: thresholdsForKeys?.timestamps ?? 0 },
        withLog,
        now,
      });
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      rejection = error;
    }
  }
  if (rejection !== undefined) throw rejection;
  return undefined;
}

/** The hint a keyed bundle states. */
export function hintOf(bundle: ParsedBundle | ParsedFileBundle): string {
  if (bundle.material.kind !== 'public-key') return '';
  return bundle.material.hint === '' && 'keyid' in bundle ? bundle.keyid : bundle.material.hint;
}

export function claimedFingerprint(hint: string): string | undefined {
  return /^[A-Za-z0-9+/]{43}=$/.test(hint) ? `sha256:${Buffer.from(hint, 'base64').toString('hex')}` : undefined;
}
