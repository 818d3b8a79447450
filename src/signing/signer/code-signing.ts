import type { X509Certificate } from 'node:crypto';

const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';

/** Whether the extended key usage names code signing; a certificate without the extension allows every use (`unsaid`). */
export function allowsCodeSigning(certificate: X509Certificate): 'named' | 'unsaid' | 'not' {
  // Node calls the extended key usage so, and gives undefined where there is none
  const uses = certificate.keyUsage as readonly string[] | undefined;
  if (uses === undefined) return 'unsaid';
  return uses.includes(CODE_SIGNING) ? 'named' : 'not';
}
