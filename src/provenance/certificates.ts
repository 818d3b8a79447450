import type { FileView } from '../filesystem/index.ts';
import { isCaBundleFile } from './critical-paths.ts';

/** Where certificates lie that update-ca-certificates puts into the bundle; files added there are findings of their own. */
const CERTIFICATE_FOLDERS = ['usr/share/ca-certificates', 'usr/local/share/ca-certificates'];
const MAX_DEPTH = 4;
const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';

/** Whether a path is a certificate file that update-ca-certificates reads, rather than a store that it makes. */
export function isCertificateSource(path: string): boolean {
  return CERTIFICATE_FOLDERS.some((folder) => path.startsWith(`${folder}/`));
}

/** Bodies (base64 without white space) of the PEM certificates in a file. */
function pemCertificates(bytes: Uint8Array | undefined): readonly string[] {
  if (bytes === undefined) return [];
  const text = new TextDecoder('latin1').decode(bytes);
  const bodies: string[] = [];
  let start = text.indexOf(BEGIN);
  while (start !== -1) {
    const end = text.indexOf(END, start);
    if (end === -1) break;
    bodies.push(text.slice(start + BEGIN.length, end).replaceAll(/\s+/g, ''));
    start = text.indexOf(BEGIN, end);
  }
  return bodies;
}

/** Certificates under labels that TLS libraries read as well: `TRUSTED CERTIFICATE`, `X509 CERTIFICATE`. */
function otherCertificates(bytes: Uint8Array | undefined): number {
  const labels = new TextDecoder('latin1').decode(bytes).match(/-----BEGIN [^\r\n-]*-----/g) ?? [];
  return labels.filter((label) => label !== BEGIN).length;
}

/**
 * Tells whether a certificate store of the final view holds only certificates that the base's stores held or that lie as files where
 * update-ca-certificates collects them.
 */
export function createCertificateCheck(base: FileView, final: FileView): (path: string) => number {
  let known: Set<string> | undefined;
  return (path) => {
    known ??= knownCertificates(base, final);
    const trusted = known;
    const bytes = final.read(path);
    const bodies = pemCertificates(bytes);
    // a store that holds no PEM at all, or was not captured, cannot be explained
    if (bodies.length === 0) return 1;
    return bodies.filter((body) => !trusted.has(body)).length + otherCertificates(bytes);
  };
}

function knownCertificates(base: FileView, final: FileView): Set<string> {
  const known = new Set<string>();
  for (const entry of base.entries()) {
    if (isCaBundleFile(entry.path)) for (const body of pemCertificates(base.read(entry.path))) known.add(body);
  }
  for (const folder of CERTIFICATE_FOLDERS) collect(final, folder, MAX_DEPTH, known);
  return known;
}

function collect(view: FileView, folder: string, depth: number, known: Set<string>): void {
  for (const entry of view.list(folder)) {
    if (entry.type === 'directory' && depth > 0) collect(view, entry.path, depth - 1, known);
    else if (entry.type === 'file') for (const body of pemCertificates(view.read(entry.path))) known.add(body);
  }
}
