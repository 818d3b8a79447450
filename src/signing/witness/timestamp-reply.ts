import {
  DER_TAG,
  DerError,
  derChild,
  derChildren,
  derInteger,
  derOid,
  derTime,
  readDer,
  tryDer,
  type DerElement,
} from '../../keys/index.ts';

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const TST_INFO = '1.2.840.113549.1.9.16.1.4';

/** What a `TimeStampResp` says; nothing in it is verified. */
export type TimestampReply =
  | { readonly granted: false; readonly status: number }
  | {
      readonly granted: true;
      readonly policy: string;
      readonly hashOid: string;
      readonly imprint: Uint8Array;
      readonly time: Date;
      /** Big-endian without leading zeros. */
      readonly nonce?: Uint8Array;
    };

/**
 * Reads a reply of a timestamp authority; undefined when it is not one. Hostile input.
 * @see https://www.rfc-editor.org/rfc/rfc3161#section-2.4.2
 */
export function parseTimestampReply(bytes: Uint8Array): TimestampReply | undefined {
  return tryDer(() => {
    const members = derChildren(readDer(bytes));
    const status = derInteger(derChild(derChildren(derChild(members, 0)), 0));
    if (status < 0n) throw new DerError('a status below zero');
    // granted, or granted with modifications (which the caller then finds)
    return status > 1n ? { granted: false, status: Number(status) } : grantedReply(derChild(members, 1));
  });
}

/** The TSTInfo inside the token: ContentInfo, SignedData, EncapsulatedContentInfo, octet string. */
function grantedReply(token: DerElement): TimestampReply {
  const signedData = derChildren(derChild(derChildren(contentOf(token, SIGNED_DATA)), 0));
  const octets = derChild(derChildren(contentOf(derChild(signedData, 2), TST_INFO)), 0, DER_TAG.octetString);
  const info = derChildren(readDer(octets.content));
  if (derInteger(derChild(info, 0)) !== 1n) throw new DerError('not version 1');
  const imprint = derChildren(derChild(info, 2));
  derChild(info, 3, DER_TAG.integer);
  const nonce = info.slice(5).find(({ tag }) => tag === DER_TAG.integer);
  return {
    granted: true,
    policy: derOid(derChild(info, 1)),
    hashOid: derOid(derChild(derChildren(derChild(imprint, 0)), 0)),
    imprint: derChild(imprint, 1, DER_TAG.octetString).content,
    time: derTime(derChild(info, 4, DER_TAG.generalizedTime)),
    ...(nonce === undefined ? {} : { nonce: withoutZeros(nonce.content) }),
  };
}

/** What a ContentInfo of this type holds. */
function contentOf(info: DerElement, type: string): DerElement {
  const members = derChildren(info);
  if (derOid(derChild(members, 0)) !== type) throw new DerError(`not of type ${type}`);
  return derChild(members, 1, DER_TAG.context0);
}

/** Big-endian bytes of a number without the zeros before it. */
export function withoutZeros(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  return start === -1 ? new Uint8Array() : bytes.subarray(start);
}
