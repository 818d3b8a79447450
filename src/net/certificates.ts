import { X509Certificate } from 'node:crypto';
import { getCACertificates } from 'node:tls';
import { readInputFileSync } from '../core/index.ts';
import { netError } from './errors.ts';

const MAX_CA_FILE_BYTES = 4 * 1024 * 1024;
const PEM = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * The authorities to trust: Node's own and those of a PEM file.
 * @throws AppError NET_CA_INVALID and those of reading a file
 */
export function trustedAuthorities(caFile: string): string[] {
  const text = Buffer.from(readInputFileSync(caFile, MAX_CA_FILE_BYTES)).toString('latin1');
  const extra = text.match(PEM) ?? [];
  if (extra.length === 0) throw netError('NET_CA_INVALID', `${caFile} holds no PEM certificate`);
  for (const certificate of extra) {
    try {
      void new X509Certificate(certificate);
    } catch (cause) {
      throw netError('NET_CA_INVALID', `${caFile} holds a certificate that cannot be read`, { cause });
    }
  }
  return [...getCACertificates('default'), ...extra];
}
