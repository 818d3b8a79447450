import { createHash, sign } from 'node:crypto';
import { newPair, sha256, spkiOf, type KeyKind, type Pair } from './certificates.ts';

/** A transparency log in memory: real Merkle trees, promises and checkpoints. */
export interface Log {
  readonly pair: Pair;
  readonly origin: string;
  readonly operator: string;
  readonly id: Buffer;
  readonly version: 1 | 2;
}

export type EntryJson = Record<string, unknown> & {
  inclusionPromise?: { signedEntryTimestamp: string };
  inclusionProof?: {
    logIndex: string;
    rootHash: string;
    treeSize: string;
    hashes: string[];
    checkpoint: { envelope: string };
  };
};

export function newLog(version: 1 | 2, options: { readonly operator: string; readonly key?: KeyKind }): Log {
  const pair = newPair(options.key ?? (version === 1 ? 'P-256' : 'ed25519'));
  const origin = `rekor${version}.${options.operator}`;
  const spki = spkiOf(pair.publicKey);
  // a note's key id: of the key alone for ECDSA, with name and type for Ed25519
  const isNamed = pair.publicKey.asymmetricKeyType === 'ed25519';
  const id = isNamed ? sha256(origin, Buffer.from([0x0a, 0x01]), spki.subarray(-32)) : sha256(spki);
  return { pair, origin, operator: options.operator, id, version };
}

export interface EntryOptions {
  readonly body: unknown;
  readonly kind: string;
  readonly kindVersion: string;
  readonly at: Date;
  /** Other entries in the tree, before and after. */
  readonly neighbours?: number;
  readonly withoutProof?: boolean;
  readonly withoutPromise?: boolean;
  /** More signature lines under the checkpoint, of others. */
  readonly cosignatures?: string;
}

export function addEntry(log: Log, options: EntryOptions): EntryJson {
  const body = Buffer.from(canonical(options.body));
  const integratedTime = log.version === 1 ? Math.floor(options.at.getTime() / 1000) : 0;
  const before = options.neighbours ?? 5;
  const leaves = Array.from({ length: before * 2 + 1 }, (_, index) =>
    leafHash(index === before ? body : Buffer.from(`neighbour ${index}`)),
  );
  const logIndex = log.version === 1 ? 1_000_000 + before : before;
  const root = treeHash(leaves).toString('base64');
  const promise = {
    body: body.toString('base64'),
    integratedTime,
    logID: log.id.toString('hex'),
    logIndex,
  };
  return {
    logIndex: String(logIndex),
    logId: { keyId: log.id.toString('base64') },
    kindVersion: { kind: options.kind, version: options.kindVersion },
    ...(log.version === 1 ? { integratedTime: String(integratedTime) } : {}),
    ...(log.version === 1 && options.withoutPromise !== true
      ? { inclusionPromise: { signedEntryTimestamp: signBytes(log, canonical(promise)).toString('base64') } }
      : {}),
    ...(options.withoutProof === true
      ? {}
      : {
          inclusionProof: {
            logIndex: String(before),
            rootHash: root,
            treeSize: String(leaves.length),
            hashes: proofOf(before, leaves).map((hash) => hash.toString('base64')),
            checkpoint: { envelope: checkpoint(log, leaves.length, root) + (options.cosignatures ?? '') },
          },
        }),
    canonicalizedBody: body.toString('base64'),
  };
}

/** A signed note over a tree. */
export function checkpoint(log: Log, size: number, root: string): string {
  // the old log names its tree too
  const origin = log.version === 1 ? `${log.origin} - 1193050959916656506` : log.origin;
  const note = `${origin}\n${size}\n${root}\n`;
  const line = Buffer.concat([log.id.subarray(0, 4), signBytes(log, note)]).toString('base64');
  return `${note}\n\u2014 ${log.origin} ${line}\n`;
}

function signBytes({ pair }: Log, text: string): Buffer {
  const isEd25519 = pair.publicKey.asymmetricKeyType === 'ed25519';
  return sign(isEd25519 ? null : 'sha256', Buffer.from(text), pair.privateKey);
}

function leafHash(body: Uint8Array): Buffer {
  return createHash('sha256')
    .update(Buffer.from([0]))
    .update(body)
    .digest();
}

function split(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1));
}

function treeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0] ?? Buffer.alloc(0);
  const at = split(leaves.length);
  return sha256(Buffer.from([1]), treeHash(leaves.slice(0, at)), treeHash(leaves.slice(at)));
}

function proofOf(index: number, leaves: readonly Buffer[]): readonly Buffer[] {
  if (leaves.length === 1) return [];
  const at = split(leaves.length);
  return index < at
    ? [...proofOf(index, leaves.slice(0, at)), treeHash(leaves.slice(at))]
    : [...proofOf(index - at, leaves.slice(at)), treeHash(leaves.slice(0, at))];
}

/** JSON with sorted keys. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}
