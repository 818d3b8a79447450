import { DER_TAG, derChildren, derOidText, derSmallInteger, readDer, type DerElement } from '../der/read-der.ts';

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
  const [statusInfo, token] = derChildren(readDer(bytes)) ?? [];
  const status = derSmallInteger(derChildren(statusInfo)?.[0]);
  if (status === undefined) return undefined;
  // granted, or granted with modifications (which the caller then finds)
  if (status > 1) return { granted: false, status };
  const info = infoOf(token);
  if (info === undefined) return undefined;
  const [version, policy, imprint, serial, time, ...rest] = info;
  const [algorithm, hashed] = derChildren(imprint) ?? [];
  const policyOid = derOidText(policy);
  const hashOid = derOidText(derChildren(algorithm)?.[0]);
  const date = time?.tag === DER_TAG.generalizedTime ? parseTime(time.content) : undefined;
  if (derSmallInteger(version) !== 1 || policyOid === undefined || hashOid === undefined) return undefined;
  if (hashed?.tag !== DER_TAG.octetString || serial?.tag !== DER_TAG.integer || date === undefined) return undefined;
  const nonce = rest.find(({ tag }) => tag === DER_TAG.integer);
  return {
    granted: true,
    policy: policyOid,
    hashOid,
    imprint: hashed.content,
    time: date,
    ...(nonce === undefined ? {} : { nonce: withoutZeros(nonce.content) }),
  };
}

/** Members of the TSTInfo inside the token: ContentInfo, SignedData, EncapsulatedContentInfo, octet string. */
function infoOf(token: DerElement | undefined): readonly DerElement[] | undefined {
  const [type, content] = derChildren(token) ?? [];
  if (derOidText(type) !== SIGNED_DATA || content?.tag !== DER_TAG.context0) return undefined;
  const signedData = derChildren(derChildren(content)?.[0]) ?? [];
  const [innerType, inner] = derChildren(signedData[2]) ?? [];
  if (derOidText(innerType) !== TST_INFO || inner?.tag !== DER_TAG.context0) return undefined;
  const octets = derChildren(inner)?.[0];
  return octets?.tag === DER_TAG.octetString ? derChildren(readDer(octets.content)) : undefined;
}

const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?Z$/;

function parseTime(content: Uint8Array): Date | undefined {
  const match = GENERALIZED_TIME.exec(Buffer.from(content).toString('latin1'));
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '0'] = match;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, '0')}Z`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Big-endian bytes of a number without the zeros before it. */
export function withoutZeros(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  return start === -1 ? new Uint8Array() : bytes.subarray(start);
}
