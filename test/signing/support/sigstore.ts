import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { fulcioHandler, initializeCA, initializeCTLog, initializeTLog, initializeTSA } from '@sigstore/mock';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { startService, type ServiceReply, type ServiceRequest, type TestService } from './service.ts';
import { createTilesLog } from './tiles-log.ts';
import { readTimestampQuery } from './timestamp-query.ts';

/** What a test makes a service do in place of its work. */
export type Fault = (request: ServiceRequest, index: number) => ServiceReply | undefined;

export interface FakeSigstore extends AsyncDisposable {
  readonly fulcio: TestService;
  readonly rekor1: TestService;
  readonly rekor2: TestService;
  readonly tsa: TestService;
  readonly trustedRoot: TrustedRoot;
}

type Keys = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
type Faults = Partial<Record<'fulcio' | 'rekor1' | 'rekor2' | 'tsa', Fault>>;

/** Certificate authority, CT log, both kinds of log and a timestamp authority on loopback, with keys made for this run and real signatures. */
export async function startSigstore(faults: Faults = {}): Promise<FakeSigstore> {
  const keys = { ca: ecKeys(), ct: ecKeys(), rekor1: ecKeys(), rekor2: ecKeys(), tsa: ecKeys() };
  const ctLog = await initializeCTLog(keys.ct);
  const ca = await initializeCA(keys.ca, ctLog);
  const authority = fulcioHandler(ca, { strict: true });
  const fulcio = await startService(async (request, index) => {
    const fault = faults.fulcio?.(request, index);
    if (fault !== undefined) return fault;
    const { statusCode, response } = await authority.fn(request.body.toString());
    return { status: statusCode, body: Buffer.from(response as string) };
  });
  const entries = new Map<string, object>();
  const log1 = await initializeTLog('https://rekor1.example', keys.rekor1);
  const rekor1 = await startService(async (request, index) => {
    const fault = faults.rekor1?.(request, index);
    if (fault !== undefined) return fault;
    if (request.method === 'GET')
      return { body: JSON.stringify(entries.get(request.path.split('/').at(-1) ?? '') ?? {}) };
    const entry = await log1.log(canonicalEntry(JSON.parse(request.body.toString())));
    for (const id of Object.keys(entry)) entries.set(id, entry);
    return { status: 201, body: JSON.stringify(entry) };
  });
  const log2 = createTilesLog('rekor2.example', keys.rekor2);
  const rekor2 = await startService((request, index) => {
    const fault = faults.rekor2?.(request, index);
    if (fault !== undefined) return fault;
    const entry = log2.add(JSON.parse(request.body.toString()));
    return entry === undefined
      ? { status: 400, body: '{"message":"invalid type, must be hashedrekord"}' }
      : { status: 201, body: JSON.stringify(entry) };
  });
  // whole seconds: the fake writes other fractions in a way that not every reader takes; ahead of certificates that are yet to come
  const stamper = await initializeTSA(keys.tsa, new Date((Math.floor(Date.now() / 1000) + 30) * 1000));
  const tsa = await startService(async (request, index) => {
    const fault = faults.tsa?.(request, index);
    if (fault !== undefined) return fault;
    const query = readTimestampQuery(request.body);
    const reply = await stamper.timestamp({ ...query, policyOID: query.policyOID ?? '1.3.6.1.4.1.57264.2' });
    return { status: 201, body: Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength) };
  });
  const services = [fulcio, rekor1, rekor2, tsa];
  return {
    fulcio,
    rekor1,
    rekor2,
    tsa,
    trustedRoot: trustedRoot(keys, {
      ca: bytesOf(ca.rootCertificate),
      tsa: [bytesOf(stamper.intCertificate), bytesOf(stamper.rootCertificate)],
    }),
    [Symbol.asyncDispose]: async () => {
      for (const service of services) await service[Symbol.asyncDispose]();
    },
  };
}

export function ecKeys(): Keys {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

interface ProposedEnvelope {
  readonly kind: string;
  readonly spec: { readonly proposedContent: { readonly envelope: string; readonly verifiers: readonly [string] } };
}

/** What a real log writes down for a proposed `dsse` entry: hashes, not the payload. Other kinds stay as they are. */
export function canonicalEntry(proposed: ProposedEnvelope): object {
  if (proposed.kind !== 'dsse') return proposed;
  const { envelope, verifiers } = proposed.spec.proposedContent;
  const { payload, signatures } = JSON.parse(envelope) as { payload: string; signatures: { sig: string }[] };
  const sha256 = (bytes: Buffer): object => ({
    algorithm: 'sha256',
    value: createHash('sha256').update(bytes).digest('hex'),
  });
  return {
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: {
      envelopeHash: sha256(Buffer.from(envelope)),
      payloadHash: sha256(Buffer.from(payload, 'base64')),
      signatures: signatures.map(({ sig }) => ({ signature: sig, verifier: verifiers[0] })),
    },
  };
}

function trustedRoot(
  keys: Readonly<Record<'ct' | 'rekor1' | 'rekor2', Keys>>,
  certificates: { readonly ca: Buffer; readonly tsa: readonly Buffer[] },
): TrustedRoot {
  const validFor = { start: '2020-01-01T00:00:00Z' };
  const log = (baseUrl: string, { publicKey }: Keys): object => {
    const der = publicKey.export({ type: 'spki', format: 'der' });
    return {
      baseUrl,
      hashAlgorithm: 'SHA2_256',
      publicKey: { rawBytes: der.toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
      logId: { keyId: createHash('sha256').update(der).digest('base64') },
    };
  };
  const authority = (...chain: readonly Buffer[]): object => ({
    subject: { organization: 'sigstore.mock', commonName: 'sigstore' },
    certChain: { certificates: chain.map((der) => ({ rawBytes: der.toString('base64') })) },
    validFor,
  });
  return TrustedRoot.fromJSON({
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [log('https://rekor1.example', keys.rekor1), log('https://rekor2.example', keys.rekor2)],
    certificateAuthorities: [authority(certificates.ca)],
    ctlogs: [log('https://ct.example', keys.ct)],
    timestampAuthorities: [authority(...certificates.tsa)],
  });
}
