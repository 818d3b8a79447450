import { DER_TAG, derChild, derChildren, readDer, type DerElement } from '../keys/index.ts';
import { sameBytes } from './bytes.ts';
import { EXTENSION_OID, generalName, subjectAltNames, type GeneralName } from './certificate-extensions.ts';
import type { Certificate } from './certificate.ts';

const MAX_CONSTRAINTS = 256;

interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

/**
 * What is wrong with a certificate's names under the constraints of an authority above it; undefined when they are kept. A kind of name that cannot
 * be compared is refused wherever a constraint speaks of it.
 * @throws Error when the constraints do not parse
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10
 */
export function nameConstraintProblem(authority: Certificate, certificate: Certificate): string | undefined {
  const constraints = nameConstraints(authority);
  if (constraints === undefined) return undefined;
  for (const name of constrainedNames(certificate)) {
    const shown = name.value === '' ? `a name of the kind ${name.kind}` : JSON.stringify(name.value.slice(0, 200));
    const banned = constraints.excluded.find(
      (constraint) => isAbout(constraint, name) && matches(constraint, name, true),
    );
    if (banned !== undefined) return `${shown} is excluded`;
    const rules = constraints.permitted.filter((constraint) => isAbout(constraint, name));
    if (rules.length > 0 && !rules.some((constraint) => matches(constraint, name, false))) {
      return `${shown} is not among those permitted`;
    }
  }
  return undefined;
}

function nameConstraints(authority: Certificate): NameConstraints | undefined {
  const extension = authority.extensions.get(EXTENSION_OID.nameConstraints);
  if (extension === undefined) return undefined;
  const parts = derChildren(readDer(extension.value, DER_TAG.sequence));
  return { permitted: subtrees(parts, 0xa0), excluded: subtrees(parts, 0xa1) };
}

function subtrees(parts: readonly DerElement[], tag: number): readonly GeneralName[] {
  const list = parts.find((part) => part.tag === tag);
  if (list === undefined) return [];
  const entries = derChildren(list);
  if (entries.length > MAX_CONSTRAINTS) throw new Error('too many name constraints');
  return entries.map((entry) => {
    const fields = derChildren(entry, DER_TAG.sequence);
    if (fields.length !== 1) throw new Error('a name constraint with a minimum or maximum');
    const base = derChild(fields, 0);
    // an empty base is legal for text: it stands for every name
    return base.content.byteLength === 0 ? { kind: emptyKind(base.tag), value: '', element: base } : generalName(base);
  });
}

function emptyKind(tag: number): GeneralName['kind'] {
  return tag === 0x81 ? 'email' : tag === 0x82 ? 'dns' : tag === 0x86 ? 'uri' : 'unknown';
}

/** The alternative names, and the subject itself where it is not empty. */
function constrainedNames(certificate: Certificate): readonly GeneralName[] {
  const subject = readDer(certificate.subject, DER_TAG.sequence);
  const names = subjectAltNames(certificate);
  if (subject.content.byteLength === 0) return names;
  // as a name inside a subject alternative name: an explicit tag around it
  return [
    ...names,
    { kind: 'directory', value: '', element: { tag: 0xa4, content: subject.bytes, bytes: subject.bytes } },
  ];
}

function isAbout(constraint: GeneralName, name: GeneralName): boolean {
  return constraint.element.tag === name.element.tag;
}

/** @param unknown what a name counts as that cannot be compared */
function matches(constraint: GeneralName, name: GeneralName, unknown: boolean): boolean {
  switch (name.kind) {
    case 'email':
      return matchesEmail(constraint.value, name.value);
    case 'dns':
      return matchesHost(constraint.value, name.value, true);
    case 'uri': {
      const host = uriHost(name.value);
      return host === undefined ? unknown : matchesHost(constraint.value, host, false);
    }
    case 'ip':
      return matchesAddress(constraint.element.content, name.element.content);
    case 'directory':
      return matchesDirectory(constraint.element.content, name.element.content);
    default:
      return unknown;
  }
}

function matchesEmail(constraint: string, address: string): boolean {
  const at = address.lastIndexOf('@');
  const wantedAt = constraint.lastIndexOf('@');
  if (wantedAt === -1) return at !== -1 && matchesHost(constraint, address.slice(at + 1), false);
  const sameBox = address.slice(0, at) === constraint.slice(0, wantedAt);
  return at !== -1 && sameBox && address.slice(at).toLowerCase() === constraint.slice(wantedAt).toLowerCase();
}

/** A leading dot asks for at least one label more; without it, DNS names may have more labels and others may not. */
function matchesHost(constraint: string, host: string, withSubdomains: boolean): boolean {
  const [wanted, actual] = [constraint.toLowerCase(), host.toLowerCase()];
  if (wanted === '') return true;
  if (wanted.startsWith('.')) return actual.endsWith(wanted) && actual.length > wanted.length;
  return actual === wanted || (withSubdomains && actual.endsWith(`.${wanted}`));
}

/** The host of a URI with an authority, if it is a name and no address. */
function uriHost(uri: string): string | undefined {
  const match = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([A-Za-z0-9._-]+)(?::\d*)?(?:[/?#]|$)/.exec(uri);
  const host = match?.[1];
  return host === undefined || /^[\d.]+$/.test(host) ? undefined : host;
}

function matchesAddress(constraint: Uint8Array, address: Uint8Array): boolean {
  if (constraint.byteLength !== address.byteLength * 2) return false;
  return address.every((octet, index) => {
    const mask = constraint[address.byteLength + index] ?? 0;
    return (octet & mask) === ((constraint[index] ?? 0) & mask);
  });
}

/** Whether the constraint's relative names are the first ones of the name. */
function matchesDirectory(constraint: Uint8Array, name: Uint8Array): boolean {
  const wanted = derChildren(readDer(constraint, DER_TAG.sequence));
  const actual = derChildren(readDer(name, DER_TAG.sequence));
  return wanted.every((part, index) => {
    const other = actual[index];
    return other !== undefined && sameBytes(part.bytes, other.bytes);
  });
}
