import { createHash, sign, type KeyObject } from 'node:crypto';

/**
 * A log of Rekor's second version, in memory: takes `hashedRekordRequestV002`, keeps a Merkle tree, answers with proof and checkpoint. Its key is ECDSA.
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-2.1
 */
export interface TilesLog {
  readonly keyId: Buffer;
  /** @returns a `TransparencyLogEntry` in JSON, or undefined for any other request */
  add(request: unknown): object | undefined;
}

interface HashedRekordRequest {
  readonly digest: string;
  readonly signature: { readonly content: string; readonly verifier: { readonly keyDetails: string } };
}

const HASHES: Readonly<Record<string, string>> = {
  PKIX_ECDSA_P384_SHA_384: 'SHA2_384',
  PKIX_ECDSA_P521_SHA_512: 'SHA2_512',
};

export function createTilesLog(
  origin: string,
  keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
): TilesLog {
  const leaves: Buffer[] = [];
  const keyId = sha256(keys.publicKey.export({ type: 'spki', format: 'der' }));
  // a log that has lived a little
  for (const text of ['one', 'two', 'three']) leaves.push(leafHash(Buffer.from(text)));
  const checkpoint = (root: Buffer): string => {
    const note = `${origin}\n${leaves.length}\n${root.toString('base64')}\n`;
    const signature = Buffer.concat([keyId.subarray(0, 4), sign('sha256', Buffer.from(note), keys.privateKey)]);
    return `${note}\n— ${origin} ${signature.toString('base64')}\n`;
  };
  return {
    keyId,
    add(request) {
      const wanted = (request as { readonly hashedRekordRequestV002?: HashedRekordRequest }).hashedRekordRequestV002;
      if (wanted === undefined) return undefined;
      const { digest, signature } = wanted;
      const { keyDetails, ...key } = signature.verifier;
      const body = Buffer.from(
        canonical({
          apiVersion: '0.0.2',
          kind: 'hashedrekord',
          spec: {
            hashedRekordV002: {
              data: { algorithm: HASHES[keyDetails] ?? 'SHA2_256', digest },
              signature: { content: signature.content, verifier: { keyDetails, ...key } },
            },
          },
        }),
      );
      const index = leaves.push(leafHash(body)) - 1;
      const root = treeHash(leaves);
      return {
        logIndex: String(index),
        logId: { keyId: keyId.toString('base64') },
        kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
        integratedTime: '0',
        inclusionProof: {
          logIndex: String(index),
          rootHash: root.toString('base64'),
          treeSize: String(leaves.length),
          hashes: inclusionPath(index, leaves).map((entry) => entry.toString('base64')),
          checkpoint: { envelope: checkpoint(root) },
        },
        canonicalizedBody: body.toString('base64'),
      };
    },
  };
}

/** JSON with sorted members, which is all that RFC 8785 asks of these documents. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((entry) => canonical(entry)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(',')}}`;
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const state = createHash('sha256');
  for (const part of parts) state.update(part);
  return state.digest();
}

function leafHash(data: Buffer): Buffer {
  return sha256(Buffer.of(0), data);
}

function treeHash(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only !== undefined && leaves.length === 1) return only;
  const split = largestPowerBelow(leaves.length);
  return sha256(Buffer.of(1), treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split)));
}

function inclusionPath(index: number, leaves: readonly Buffer[]): readonly Buffer[] {
  if (leaves.length <= 1) return [];
  const split = largestPowerBelow(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...inclusionPath(index, left), treeHash(right)]
    : [...inclusionPath(index - split, right), treeHash(left)];
}

function largestPowerBelow(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1));
}
