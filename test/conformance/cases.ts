import { SIGN_PREDICATE_TYPE, attestStatement } from '../../src/attestation/index.ts';
import { sha256Digest } from '../../src/core/index.ts';
import {
  CODE_SIGNING,
  extension,
  newPair,
  pemOf,
  spkiOf,
  TIME_STAMPING,
} from '../verification/support/certificates.ts';
import { changed } from '../verification/support/check.ts';
import { newLog } from '../verification/support/log.ts';
import {
  bytesOf,
  ISSUER,
  newAuthority,
  newWorld,
  rootJson,
  SAN,
  SIGNED_AT,
  signKeyless,
  type RootJson,
  type SignedBundle,
  type SignOptions,
  type World,
} from '../verification/support/world.ts';

/** One thing that a client of the conformance protocol is asked: `verify-bundle`. */
export interface Case {
  readonly kind: 'accepted' | 'refused';
  /** What it is about: the section of the specification that decides it, in words. */
  readonly about: 'artifact' | 'bundle' | 'certificate' | 'identity' | 'key' | 'log' | 'time' | 'trusted root';
  readonly name: string;
  readonly bundle: Uint8Array;
  readonly root: Uint8Array;
  /** The artifact: a file's content, or `sha256:...`. */
  readonly artifact: Uint8Array | string;
  /** PEM of a public key in place of an identity. */
  readonly key?: string;
  readonly identity?: string;
  readonly issuer?: string;
  /** Of a refusal where key or trusted root cannot be read at all; 1 unless told. */
  readonly exit?: 6;
}

const FILE = Buffer.from('the artifact\n');
const OTHER = Buffer.from('another artifact\n');
const HOUR_MS = 3_600_000;
const PAST = { start: '2020-01-01T00:00:00Z', end: '2025-01-01T00:00:00Z' };
const FUTURE = { start: '2027-01-01T00:00:00Z' };

const statementAbout = (digest: ReturnType<typeof sha256Digest>): Uint8Array =>
  attestStatement({ subject: digest, predicateType: 'https://example.com/x', predicateJson: Buffer.from('{}') });

type Changes = Partial<Pick<Case, 'artifact' | 'key' | 'identity' | 'issuer' | 'root' | 'exit'>>;

/** Cases of our own, made anew with keys of their own: what verifiers must accept and what they must refuse. */
export function conformanceCases(): readonly Case[] {
  const world = newWorld();
  const root = bytesOf(rootJson(world));
  const cases: Case[] = [];
  const add =
    (kind: Case['kind'], about: Case['about']) =>
    (name: string, bundle: unknown, changes: Changes = {}) => {
      const bytes = bundle instanceof Uint8Array ? bundle : bytesOf(bundle);
      cases.push({ kind, about, name, bundle: bytes, root, artifact: FILE, ...changes });
    };
  const bench: CaseBench = { world, add, file: (options) => signKeyless(world, { file: FILE, ...options }) };
  for (const family of [artifacts, bundles, certificates, identities, keys, logs, times, roots]) family(bench);
  return cases;
}

interface CaseBench {
  readonly world: World;
  readonly add: (
    kind: Case['kind'],
    about: Case['about'],
  ) => (name: string, bundle: unknown, changes?: Changes) => void;
  /** A bundle over the artifact. */
  readonly file: (options?: SignOptions) => SignedBundle;
}

function artifacts({ world, add, file }: CaseBench): void {
  const [accept, refuse] = [add('accepted', 'artifact'), add('refused', 'artifact')];
  const statement = signKeyless(world, { payload: statementAbout(sha256Digest(FILE)) });
  accept('a file', file());
  accept('a file by its digest', file(), { artifact: sha256Digest(FILE) });
  accept('a subject of a statement', statement);
  accept('a subject of a statement, by its digest', statement, { artifact: sha256Digest(FILE) });
  accept('one of several subjects', signKeyless(world, { payload: twoSubjects() }));
  accept('an empty file', signKeyless(world, { file: Buffer.alloc(0) }), { artifact: Buffer.alloc(0) });
  refuse('another file', file(), { artifact: OTHER });
  refuse('another digest', file(), { artifact: sha256Digest(OTHER) });
  refuse('no subject of the statement', statement, { artifact: OTHER });
  refuse('the statement itself', statement, { artifact: statementAbout(sha256Digest(FILE)) });
  refuse('a subject of the same hex by another algorithm', signKeyless(world, { payload: otherAlgorithm() }));
  refuse('a statement without subjects', signKeyless(world, { payload: withSubjects([]) }));
  refuse(
    'another payload type',
    signKeyless(world, { payload: statementAbout(sha256Digest(FILE)), payloadType: 'text' }),
  );
  refuse('a payload that is no statement', signKeyless(world, { payload: Buffer.from('{}') }));
  refuse(
    'a digest changed in the bundle',
    changed(file(), (json) => {
      if (json.messageSignature !== undefined)
        json.messageSignature.messageDigest.digest = Buffer.from(sha256Digest(OTHER).slice(7), 'hex').toString(
          'base64',
        );
    }),
  );
  refuse(
    'a payload changed after signing',
    changed(statement, (json) => {
      if (json.dsseEnvelope !== undefined) json.dsseEnvelope.payload = Buffer.from(twoSubjects()).toString('base64');
    }),
  );
}

function bundles({ world, add, file }: CaseBench): void {
  const [accept, refuse] = [add('accepted', 'bundle'), add('refused', 'bundle')];
  accept('version 0.1, with a promise alone', file({ version: '0.1' }));
  accept('version 0.2', file({ version: '0.2' }));
  accept(
    'version 0.3 by its first media type',
    changed(file(), (json) => (json.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.3')),
  );
  for (const mediaType of ['application/vnd.dev.sigstore.bundle.v9.9+json', 'application/json', ''])
    refuse(
      `the media type ${JSON.stringify(mediaType)}`,
      changed(file(), (json) => (json.mediaType = mediaType)),
    );
  const text = Buffer.from(bytesOf(file())).toString();
  refuse('no JSON', Buffer.from('nonsense'));
  refuse('nothing', Buffer.alloc(0));
  refuse('something after it', Buffer.from(`${text} {}`));
  refuse(
    'a member twice',
    Buffer.from(text.replace('{', '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",')),
  );
  refuse('half of it', Buffer.from(text.slice(0, text.length / 2)));
  const statement = signKeyless(world, { payload: statementAbout(sha256Digest(FILE)) });
  refuse('two kinds of content', { ...file(), dsseEnvelope: statement.dsseEnvelope });
  refuse('no content', { ...file(), messageSignature: undefined });
  refuse('no material', { ...file(), verificationMaterial: {} });
  refuse(
    'two signatures',
    changed(statement, (json) => json.dsseEnvelope?.signatures.push({ sig: 'AAAA' })),
  );
  refuse(
    'no signature',
    changed(statement, (json) => json.dsseEnvelope?.signatures.pop()),
  );
  refuse('a signature of somebody else', { ...file(), messageSignature: file().messageSignature });
}

function certificates({ world, add, file }: CaseBench): void {
  const [accept, refuse] = [add('accepted', 'certificate'), add('refused', 'certificate')];
  for (const key of ['P-384', 'P-521', 'rsa'] as const) accept(`a key of ${key}`, file({ key }));
  accept(
    'Ed25519, over a statement',
    signKeyless(world, { payload: statementAbout(sha256Digest(FILE)), key: 'ed25519' }),
  );
  const strange = { ctLogs: [{ pair: newPair(), operator: 'x' }] };
  accept(
    'timestamps of two certificate logs, one of them strange',
    file({ certificate: { ctLogs: [...strange.ctLogs, ...world.ctLogs] } }),
  );
  refuse('another authority', signKeyless({ ...world, authority: newAuthority('evil') }, { file: FILE }));
  refuse('no certificate timestamp', file({ certificate: { ctLogs: [] } }));
  refuse('that of a strange certificate log', file({ certificate: strange }));
  refuse('a spoiled one', file({ certificate: { spoilSct: (sct) => Buffer.from(sct).fill(0, sct.length - 4) } }));
  const usual = [extension.usage(0x80), extension.uri(SAN), extension.fulcio(8, ISSUER)];
  const purposes = (...list: string[]) => [...usual, extension.purposes(list)];
  refuse('no purpose', file({ certificate: { extensions: usual } }));
  refuse('the purpose of timestamps', file({ certificate: { extensions: purposes(TIME_STAMPING) } }));
  refuse(
    'that of an authority',
    file({ certificate: { extensions: [...purposes(CODE_SIGNING), extension.authority(0)] } }),
  );
  refuse(
    'no certificate',
    changed(file(), ({ verificationMaterial: material }) => (material.certificate = { rawBytes: 'AAAA' })),
  );
}

function identities({ add, file }: CaseBench): void {
  const [accept, refuse] = [add('accepted', 'identity'), add('refused', 'identity')];
  accept('an e-mail address', file({ names: extension.email('alice@example.com') }), { identity: 'alice@example.com' });
  refuse('somebody else', file(), { identity: 'mallory@example.com' });
  refuse('the beginning of the identity', file(), { identity: SAN.slice(0, -1) });
  refuse('more than the identity', file(), { identity: `${SAN}0` });
  refuse('an expression, which an exact identity is not', file(), { identity: '.*' });
  refuse('another case', file(), { identity: SAN.toUpperCase() });
  refuse('another issuer', file(), { issuer: 'https://accounts.example.com' });
  refuse('the beginning of the issuer', file(), { issuer: ISSUER.slice(0, -1) });
}

function keys({ world, add, file }: CaseBench): void {
  const [accept, refuse] = [add('accepted', 'key'), add('refused', 'key')];
  const pair = newPair();
  const key = pemOf(spkiOf(pair.publicKey), 'PUBLIC KEY');
  const other = pemOf(spkiOf(newPair().publicKey), 'PUBLIC KEY');
  const keyed = (options: SignOptions = {}): SignedBundle => file({ keyed: pair, ...options });
  accept('a key, in the first kind of log', keyed(), { key });
  accept('a key, in the second', keyed({ logs: [world.rekor2], tsas: [world.tsa] }), { key });
  accept('a statement by a key', signKeyless(world, { keyed: pair, payload: statementAbout(sha256Digest(FILE)) }), {
    key,
  });
  refuse('another key', keyed(), { key: other });
  refuse('a key where an identity is wanted', keyed());
  refuse('an identity where a key is wanted', file(), { key });
  refuse('a key without a log entry', keyed({ logs: [] }), { key });
  refuse('what is no key', keyed(), { key: 'nonsense', exit: 6 });
  refuse('another artifact', keyed(), { key, artifact: OTHER });
}

function logs({ world, add, file }: CaseBench): void {
  const [accept, refuse] = [add('accepted', 'log'), add('refused', 'log')];
  const tiled: SignOptions = { logs: [world.rekor2], tsas: [world.tsa] };
  accept('the second kind of log', file(tiled));
  accept('both kinds', file({ logs: [world.rekor1, world.rekor2], tsas: [world.tsa] }));
  const payload = statementAbout(sha256Digest(FILE));
  accept('an entry of the kind intoto', signKeyless(world, { payload, entryKind: 'intoto' }));
  accept('a statement in the second kind', signKeyless(world, { payload, ...tiled }));
  refuse('no entry', file({ logs: [] }));
  refuse('no entry, and a timestamp', file({ logs: [], tsas: [world.tsa] }));
  refuse('a strange log', file({ logs: [newLog(1, { operator: 'evil' })], tsas: [world.tsa] }));
  refuse(
    'a strange log under the name of a trusted one',
    file({ logs: [{ ...newLog(1, { operator: 'evil' }), id: world.rekor1.id }] }),
  );
  type Entry = SignedBundle['verificationMaterial']['tlogEntries'][number];
  const entry = (change: (entry: Entry) => void, options?: SignOptions): SignedBundle =>
    changed(file(options), (json) => json.verificationMaterial.tlogEntries.forEach(change));
  const [borrowed] = file(tiled).verificationMaterial.tlogEntries;
  refuse(
    'the entry of another signature',
    changed(file(tiled), ({ verificationMaterial: material }) => {
      material.tlogEntries = borrowed === undefined ? [] : [borrowed];
    }),
  );
  refuse(
    'an entry twice',
    changed(file(), ({ verificationMaterial: { tlogEntries } }) => tlogEntries.push(...tlogEntries)),
  );
  refuse(
    '33 entries',
    changed(file(), ({ verificationMaterial: material }) => {
      material.tlogEntries = Array.from({ length: 33 }, () => structuredClone(material.tlogEntries[0] as Entry));
    }),
  );
  type Proof = NonNullable<Entry['inclusionProof']>;
  const proof = (change: (proof: Proof) => void): SignedBundle =>
    entry((json) => json.inclusionProof !== undefined && change(json.inclusionProof), tiled);
  refuse(
    'another index',
    proof((json) => (json.logIndex = '4')),
  );
  refuse(
    'another size',
    proof((json) => (json.treeSize = '12')),
  );
  refuse(
    'a hash less',
    proof((json) => json.hashes.pop()),
  );
  refuse(
    'a checkpoint of another size',
    proof((json) => (json.checkpoint.envelope = json.checkpoint.envelope.replace('\n11\n', '\n12\n'))),
  );
  refuse(
    'a checkpoint without a signature',
    proof((json) => (json.checkpoint.envelope = `${json.checkpoint.envelope.split('\n\n')[0] ?? ''}\n\n`)),
  );
  refuse(
    'no proof',
    entry((json) => void delete json.inclusionProof, tiled),
  );
  refuse(
    'no body',
    entry((json) => (json['canonicalizedBody'] = '')),
  );
}

function times({ world, add, file }: CaseBench): void {
  const [accept, refuse] = [add('accepted', 'time'), add('refused', 'time')];
  const late = new Date(SIGNED_AT.getTime() + HOUR_MS);
  accept('a timestamp beside the time of the log', file({ tsas: [world.tsa] }));
  refuse('the second kind of log without a timestamp', file({ logs: [world.rekor2] }));
  refuse(
    'the second kind of log with a time of its own, which nobody signed',
    changed(file({ logs: [world.rekor2] }), (json) =>
      json.verificationMaterial.tlogEntries.forEach(
        (entry) => (entry['integratedTime'] = String(SIGNED_AT.getTime() / 1000)),
      ),
    ),
  );
  refuse(
    'another time than the log signed',
    changed(file(), (json) =>
      json.verificationMaterial.tlogEntries.forEach(
        (entry) => (entry['integratedTime'] = String(SIGNED_AT.getTime() / 1000 + 1)),
      ),
    ),
  );
  refuse('a log’s time after the certificate', file({ entry: { at: late } }));
  refuse('a timestamp after the certificate', file({ tsas: [world.tsa], token: { at: late } }));
  refuse('a timestamp before it', file({ tsas: [world.tsa], token: { at: new Date(SIGNED_AT.getTime() - HOUR_MS) } }));
  refuse('a timestamp of a strange authority alone', file({ logs: [world.rekor2], tsas: [newWorld('two.test').tsa] }));
  const [stamp] = file({ tsas: [world.tsa] }).verificationMaterial.timestampVerificationData.rfc3161Timestamps;
  refuse(
    'a timestamp of another signature',
    changed(file({ logs: [world.rekor2] }), ({ verificationMaterial: material }) => {
      material.timestampVerificationData.rfc3161Timestamps = stamp === undefined ? [] : [stamp];
    }),
  );
}

function roots({ world, add, file }: CaseBench): void {
  const [accept, refuse] = [add('accepted', 'trusted root'), add('refused', 'trusted root')];
  const changedRoot = (change: (json: RootJson) => void): { readonly root: Uint8Array } => {
    const json = structuredClone(rootJson(world));
    change(json);
    return { root: bytesOf(json) };
  };
  const tiled = (): SignedBundle => file({ logs: [world.rekor2], tsas: [world.tsa] });
  accept(
    'version 0.1',
    file(),
    changedRoot((json) => (json.mediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1')),
  );
  const newer = changedRoot((json) => (json.mediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=9'));
  refuse('another version', file(), { ...newer, exit: 6 });
  refuse('another world', file(), { root: bytesOf(rootJson(newWorld('two.test'))) });
  refuse('no JSON', file(), { root: Buffer.from('nonsense'), exit: 6 });
  for (const list of ['certificateAuthorities', 'tlogs', 'ctlogs'] as const)
    refuse(
      `none of ${list}`,
      file(),
      changedRoot((json) => (json[list] = [])),
    );
  refuse(
    'no timestamp authority where a time is needed',
    tiled(),
    changedRoot((json) => (json.timestampAuthorities = [])),
  );
  const window = (list: keyof Lists, validFor: object): { readonly root: Uint8Array } =>
    changedRoot((json) => {
      for (const entry of json[list])
        (LOGS.has(list) ? (entry['publicKey'] as Record<string, unknown>) : entry)['validFor'] = validFor;
    });
  for (const list of ['certificateAuthorities', 'timestampAuthorities', 'tlogs', 'ctlogs'] as const) {
    refuse(`${list} that have ended`, tiled(), window(list, PAST));
    refuse(`${list} that are yet to come`, tiled(), window(list, FUTURE));
    refuse(`${list} without a start`, tiled(), { ...window(list, {}), exit: 6 });
  }
}

type Lists = Pick<RootJson, 'tlogs' | 'ctlogs'> & Record<'certificateAuthorities' | 'timestampAuthorities', unknown>;
const LOGS: ReadonlySet<string> = new Set(['tlogs', 'ctlogs']);

function withSubjects(subject: readonly object[]): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject,
      predicateType: SIGN_PREDICATE_TYPE,
      predicate: {},
    }),
  );
}

function twoSubjects(): Uint8Array {
  return withSubjects([OTHER, FILE].map((bytes) => ({ name: 'x', digest: { sha256: sha256Digest(bytes).slice(7) } })));
}

function otherAlgorithm(): Uint8Array {
  return withSubjects([{ name: 'x', digest: { sha512: sha256Digest(FILE).slice(7) } }]);
}
