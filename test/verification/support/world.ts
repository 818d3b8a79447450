import { createHash, sign, type KeyObject } from 'node:crypto';
import { pae, signStatement } from '../../../src/attestation/index.ts';
import { sha256Digest } from '../../../src/core/index.ts';
import {
  compileIdentity,
  parseTrustedRoot,
  type IdentityRule,
  type TrustedIdentity,
  type TrustedRoot,
} from '../../../src/verification/index.ts';
import {
  algorithmOf,
  CODE_SIGNING,
  extension,
  issueCertificate,
  newPair,
  pemOf,
  sha256,
  spkiOf,
  type CertificateOptions,
  type CtLog,
  type Extension,
  type KeyKind,
  type Pair,
} from './certificates.ts';
import { addEntry, newLog, type EntryJson, type EntryOptions, type Log } from './log.ts';
import { newTsa, stamp, type TokenOptions, type Tsa } from './timestamp.ts';

export const SUBJECT = sha256Digest('an image');
export const SIGNED_AT = new Date('2026-01-15T12:00:00Z');
export const SAN = 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1';
export const ISSUER = 'https://token.actions.githubusercontent.com';
const [START, END] = [new Date('2020-01-01T00:00:00Z'), new Date('2040-01-01T00:00:00Z')];

/** An authority for signing certificates: root and intermediate. */
export interface Authority {
  readonly root: Buffer;
  readonly intermediate: Buffer;
  readonly issuer: { readonly subject: string; readonly pair: Pair };
  readonly rootIssuer: { readonly subject: string; readonly pair: Pair };
}

/** All that stands behind a keyless signature, with keys made for one run. */
export interface World {
  readonly authority: Authority;
  readonly ctLogs: readonly CtLog[];
  readonly rekor1: Log;
  readonly rekor2: Log;
  readonly tsa: Tsa;
}

export function newAuthority(label = 'fulcio', changes: Partial<CertificateOptions> = {}): Authority {
  const [rootPair, pair] = [newPair('P-384'), newPair('P-384')];
  const rootIssuer = { subject: `${label} root`, pair: rootPair };
  const root = issueCertificate({
    subject: rootIssuer.subject,
    issuer: rootIssuer,
    publicKey: rootPair.publicKey,
    notBefore: START,
    notAfter: END,
    extensions: [extension.authority(1), extension.usage(0x06)],
    serial: 1,
  });
  const subject = `${label} intermediate`;
  const intermediate = issueCertificate({
    subject,
    issuer: rootIssuer,
    publicKey: pair.publicKey,
    notBefore: START,
    notAfter: END,
    extensions: [extension.authority(0), extension.usage(0x06), extension.purposes([CODE_SIGNING])],
    serial: 2,
    ...changes,
  });
  return { root, intermediate, issuer: { subject, pair }, rootIssuer };
}

export function newWorld(label = 'one.test'): World {
  return {
    authority: newAuthority(label),
    ctLogs: [{ pair: newPair(), operator: label }],
    rekor1: newLog(1, { operator: label }),
    rekor2: newLog(2, { operator: label }),
    tsa: newTsa({ operator: label, notBefore: START, notAfter: END }),
  };
}

type Json = Record<string, unknown>;

export interface RootJson extends Json {
  mediaType: string;
  tlogs: Json[];
  ctlogs: Json[];
  certificateAuthorities: Json[];
  timestampAuthorities: Json[];
}

const WINDOW = { start: START.toISOString(), end: END.toISOString() };

export function rootJson(world: World): RootJson {
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot.v0.2+json',
    tlogs: [logJson(world.rekor1), logJson(world.rekor2)],
    certificateAuthorities: [
      authorityJson([world.authority.intermediate, world.authority.root], 'https://fulcio.test', world.tsa.operator),
    ],
    ctlogs: world.ctLogs.map(({ pair, operator }) => ({
      baseUrl: 'https://ct.test',
      hashAlgorithm: 'SHA2_256',
      publicKey: publicKeyJson(pair.publicKey),
      logId: { keyId: sha256(spkiOf(pair.publicKey)).toString('base64') },
      operator,
    })),
    timestampAuthorities: [
      authorityJson([world.tsa.certificate, world.tsa.root], 'https://tsa.test', world.tsa.operator),
    ],
  };
}

export function authorityJson(chain: readonly Buffer[], uri: string, operator: string): Json {
  return {
    subject: { organization: 'test', commonName: 'test' },
    uri,
    certChain: { certificates: chain.map((der) => ({ rawBytes: der.toString('base64') })) },
    validFor: WINDOW,
    operator,
  };
}

export function logJson(log: Log): Json {
  return {
    baseUrl: `https://${log.origin}`,
    hashAlgorithm: 'SHA2_256',
    publicKey: publicKeyJson(log.pair.publicKey),
    logId: { keyId: log.id.toString('base64') },
    operator: log.operator,
  };
}

function publicKeyJson(key: KeyObject): Json {
  const isEd25519 = key.asymmetricKeyType === 'ed25519';
  return {
    rawBytes: spkiOf(key).toString('base64'),
    keyDetails: isEd25519 ? 'PKIX_ED25519' : 'PKIX_ECDSA_P256_SHA_256',
    validFor: WINDOW,
  };
}

export function trustedRoot(world: World, change: (json: RootJson) => void = () => {}): TrustedRoot {
  const json = rootJson(world);
  change(json);
  return parseTrustedRoot(Buffer.from(JSON.stringify(json)));
}

export function identity(changes: Partial<IdentityRule> = {}): Promise<TrustedIdentity> {
  return compileIdentity({ identity: SAN, issuer: ISSUER, ...changes });
}

export interface SignOptions {
  readonly payload?: Uint8Array;
  readonly payloadType?: string;
  /** A file instead of a statement. */
  readonly file?: Uint8Array;
  readonly key?: KeyKind;
  /** The hash to sign with instead of the key's own. */
  readonly hash?: string;
  readonly names?: Extension;
  readonly extensions?: readonly Extension[];
  /** Changes the certificate. */
  readonly certificate?: Partial<CertificateOptions>;
  readonly at?: Date;
  /** Which logs hold an entry: of Rekor 1 unless told. */
  readonly logs?: readonly Log[];
  readonly entry?: Partial<EntryOptions>;
  /** Kind of entry; Rekor 2 has `hashedrekord` unless told, and once had `dsse`. */
  readonly entryKind?: 'dsse' | 'intoto' | 'hashedrekord';
  readonly tsas?: readonly Tsa[];
  readonly token?: Partial<TokenOptions>;
  readonly version?: '0.1' | '0.2' | '0.3';
  /** A key pair that is used as it is, without certificate. */
  readonly keyed?: Pair;
}

export interface SignedBundle extends Json {
  mediaType: string;
  verificationMaterial: Json & {
    certificate?: { rawBytes: string };
    tlogEntries: EntryJson[];
    timestampVerificationData: { rfc3161Timestamps: { signedTimestamp: string }[] };
  };
  dsseEnvelope?: { payload: string; payloadType: string; signatures: { sig: string; keyid?: string }[] };
  messageSignature?: { messageDigest: { algorithm: string; digest: string }; signature: string };
}

/** Signs as a keyless signer would: a certificate, entries, timestamps, all real. */
export function signKeyless(world: World, options: SignOptions = {}): SignedBundle {
  const at = options.at ?? SIGNED_AT;
  const pair = options.keyed ?? newPair(options.key);
  const payload = options.payload ?? signStatement(SUBJECT);
  const payloadType = options.payloadType ?? 'application/vnd.in-toto+json';
  const data = options.file ?? pae(payloadType, payload);
  const hash = options.hash ?? algorithmOf(pair.privateKey).hash;
  const entryHash = hash === 'sha384' || hash === 'sha512' ? hash : 'sha256';
  const signature = sign(hash, data, pair.privateKey);
  const leaf = options.keyed === undefined ? leafOf(world, pair, at, options) : undefined;
  const logs = options.logs ?? [world.rekor1];
  const signer = leaf === undefined ? pemOf(spkiOf(pair.publicKey), 'PUBLIC KEY') : pemOf(leaf);
  const facts: EntryFacts = {
    signature,
    signer,
    payload,
    data,
    leaf,
    pair,
    isFile: options.file !== undefined,
    hash: entryHash,
  };
  const tlogEntries = logs.map((log) => logEntry(log, facts, at, options));
  const rfc3161Timestamps = (options.tsas ?? []).map((tsa) => ({
    signedTimestamp: stamp(tsa, signature, { at, ...options.token }).toString('base64'),
  }));
  const version = options.version ?? '0.3';
  return {
    mediaType:
      version === '0.3'
        ? 'application/vnd.dev.sigstore.bundle.v0.3+json'
        : `application/vnd.dev.sigstore.bundle+json;version=${version}`,
    verificationMaterial: {
      ...(leaf === undefined
        ? { publicKey: { hint: sha256(spkiOf(pair.publicKey)).toString('base64') } }
        : { certificate: { rawBytes: leaf.toString('base64') } }),
      tlogEntries,
      timestampVerificationData: { rfc3161Timestamps },
    },
    ...(options.file === undefined
      ? {
          dsseEnvelope: {
            payload: Buffer.from(payload).toString('base64'),
            payloadType,
            signatures: [{ sig: signature.toString('base64') }],
          },
        }
      : {
          messageSignature: {
            messageDigest: { algorithm: 'SHA2_256', digest: sha256(options.file).toString('base64') },
            signature: signature.toString('base64'),
          },
        }),
  };
}

function leafOf(world: World, pair: Pair, at: Date, options: SignOptions): Buffer {
  return issueCertificate({
    subject: '',
    issuer: world.authority.issuer,
    publicKey: pair.publicKey,
    notBefore: new Date(at.getTime() - 60_000),
    notAfter: new Date(at.getTime() + 540_000),
    extensions: [
      extension.usage(0x80),
      extension.purposes([CODE_SIGNING]),
      options.names ?? extension.uri(SAN),
      extension.fulcio(1, ISSUER),
      extension.fulcio(8, ISSUER),
      ...(options.extensions ?? []),
    ],
    ctLogs: world.ctLogs,
    ...options.certificate,
  });
}

const DIGEST_NAMES = { sha256: 'SHA2_256', sha384: 'SHA2_384', sha512: 'SHA2_512' } as const;

interface EntryFacts {
  readonly hash: keyof typeof DIGEST_NAMES;
  readonly signature: Buffer;
  readonly signer: string;
  readonly payload: Uint8Array;
  readonly data: Uint8Array;
  readonly leaf: Buffer | undefined;
  readonly pair: Pair;
  readonly isFile: boolean;
}

function logEntry(log: Log, facts: EntryFacts, at: Date, options: SignOptions): EntryJson {
  const signature = facts.signature.toString('base64');
  if (log.version === 2) {
    const verifier =
      facts.leaf === undefined
        ? { publicKey: { rawBytes: spkiOf(facts.pair.publicKey).toString('base64') } }
        : { x509Certificate: { rawBytes: facts.leaf.toString('base64') } };
    const keyDetails = 'PKIX_ECDSA_P256_SHA_256';
    if (options.entryKind === 'dsse') {
      const payloadHash = { algorithm: 'SHA2_256', digest: sha256(facts.payload).toString('base64') };
      const dsseV002 = { payloadHash, signatures: [{ content: signature, verifier: { keyDetails, ...verifier } }] };
      const body = { apiVersion: '0.0.2', kind: 'dsse', spec: { dsseV002 } };
      return addEntry(log, { body, kind: 'dsse', kindVersion: '0.0.2', at, ...options.entry });
    }
    const record = {
      // the log asks for the hash that the signature was made with
      data: { algorithm: DIGEST_NAMES[facts.hash], digest: createHash(facts.hash).update(facts.data).digest('base64') },
      signature: { content: signature, verifier: { keyDetails, ...verifier } },
    };
    const body = { apiVersion: '0.0.2', kind: 'hashedrekord', spec: { hashedRekordV002: record } };
    return addEntry(log, { body, kind: 'hashedrekord', kindVersion: '0.0.2', at, ...options.entry });
  }
  const signer = Buffer.from(facts.signer).toString('base64');
  const kind = options.entryKind ?? (facts.isFile ? 'hashedrekord' : 'dsse');
  const payloadHash = { algorithm: 'sha256', value: sha256(facts.payload).toString('hex') };
  const envelopeHash = {
    algorithm: 'sha256',
    value: sha256('an envelope, which nobody can make again').toString('hex'),
  };
  const [kindVersion, spec] = {
    dsse: ['0.0.1', { envelopeHash, payloadHash, signatures: [{ signature, verifier: signer }] }] as const,
    intoto: [
      '0.0.2',
      {
        content: {
          envelope: {
            payloadType: 'application/vnd.in-toto+json',
            signatures: [{ sig: Buffer.from(signature).toString('base64'), publicKey: signer }],
          },
          hash: envelopeHash,
          payloadHash,
        },
      },
    ] as const,
    hashedrekord: [
      '0.0.1',
      {
        data: { hash: { algorithm: 'sha256', value: sha256(facts.data).toString('hex') } },
        signature: { content: signature, publicKey: { content: signer } },
      },
    ] as const,
  }[kind];
  const body = { apiVersion: kindVersion, kind, spec };
  return addEntry(log, { body, kind, kindVersion, at, ...options.entry });
}

export function bytesOf(bundle: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(bundle));
}
