/** One element of DER. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
}

export const DER_TAG = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** [0], constructed. */
  context0: 0xa0,
  /** [3], constructed. */
  context3: 0xa3,
} as const;

/** Far more than a certificate or a timestamp has at one level. */
const MAX_CHILDREN = 1024;
const MAX_OID_BYTES = 64;

/** The one element that the bytes are, or undefined when they are not: hostile input, definite lengths and one-byte tags only. */
export function readDer(bytes: Uint8Array): DerElement | undefined {
  const read = elementAt(bytes, 0);
  return read?.end === bytes.byteLength ? read.element : undefined;
}

/** The elements inside a constructed one; undefined when they are malformed. */
export function derChildren(parent: DerElement | undefined): readonly DerElement[] | undefined {
  if (parent === undefined || (parent.tag & 0x20) === 0) return undefined;
  const children: DerElement[] = [];
  for (let offset = 0; offset < parent.content.byteLength;) {
    const read = elementAt(parent.content, offset);
    if (read === undefined || children.length >= MAX_CHILDREN) return undefined;
    children.push(read.element);
    offset = read.end;
  }
  return children;
}

/** Dotted text of an object identifier. */
export function derOidText(element: DerElement | undefined): string | undefined {
  if (element?.tag !== DER_TAG.oid || element.content.byteLength > MAX_OID_BYTES) return undefined;
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of element.content) {
    arc = arc * 128 + (byte & 0x7f);
    if (!Number.isSafeInteger(arc)) return undefined;
    if ((byte & 0x80) !== 0) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [head, ...rest] = arcs;
  if (head === undefined || ((element.content.at(-1) ?? 0) & 0x80) !== 0) return undefined;
  const first = Math.min(2, Math.floor(head / 40));
  return [first, head - first * 40, ...rest].join('.');
}

/** A small non-negative integer. */
export function derSmallInteger(element: DerElement | undefined): number | undefined {
  if (element?.tag !== DER_TAG.integer || element.content.byteLength === 0 || element.content.byteLength > 4)
    return undefined;
  const value = Buffer.from(element.content).readIntBE(0, element.content.byteLength);
  return value < 0 ? undefined : value;
}

function elementAt(
  bytes: Uint8Array,
  offset: number,
): { readonly element: DerElement; readonly end: number } | undefined {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined;
  let start = offset + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) return undefined;
    length = 0;
    for (let index = 0; index < count; index += 1) {
      const byte = bytes[start + index];
      if (byte === undefined) return undefined;
      length = length * 256 + byte;
    }
    start += count;
  }
  const end = start + length;
  if (end > bytes.byteLength) return undefined;
  return { element: { tag, content: bytes.subarray(start, end) }, end };
}
