import type { InitSigner } from '../app/index.ts';
import { coreError } from '../core/index.ts';
import { askText, canAsk } from './ask-text.ts';
import { askYes } from './ask-yes.ts';

/** What flags say of a first policy. */
export interface PolicyAnswers {
  readonly images: readonly string[];
  readonly key: string | undefined;
  readonly certificateIdentity: string | undefined;
  readonly certificateOidcIssuer: string | undefined;
  readonly bases: readonly string[];
  readonly sbom: boolean;
  readonly provenance: boolean;
}

/** Everything that a first policy needs. */
export interface CompleteAnswers extends Pick<PolicyAnswers, 'images' | 'bases' | 'sbom' | 'provenance'> {
  readonly signer: InitSigner;
}

const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';
const MAX_BASES = 20;

/**
 * What flags say, and on a terminal what they leave out: nothing is asked where flags say what images there are and who signs them.
 * @throws AppError USAGE when something is missing and there is nobody to ask
 */
export async function completeAnswers(
  given: PolicyAnswers,
  env: Readonly<Record<string, string | undefined>>,
): Promise<CompleteAnswers> {
  const signer = signerOf(given);
  const { images, bases, sbom, provenance } = given;
  if (images.length > 0 && signer !== undefined) return { images, signer, bases, sbom, provenance };
  if (!canAsk(env)) throw missing(given);
  return {
    images:
      images.length > 0
        ? images
        : [await askText({ question: 'Images (registry/repository; * within a part, ** across parts)' })],
    signer: signer ?? (await askSigner(given)),
    bases: bases.length > 0 ? bases : await askBases(),
    sbom: sbom || (await askYes('Demand an SBOM that waybill’s own scan confirms', 'give --sbom')),
    provenance: provenance || (await askYes('Demand SLSA provenance', 'give --provenance')),
  };
}

function signerOf({ key, certificateIdentity, certificateOidcIssuer }: PolicyAnswers): InitSigner | undefined {
  if (key !== undefined) return { keyFile: key };
  if (certificateIdentity === undefined || certificateOidcIssuer === undefined) return undefined;
  return { certificateIdentity, certificateOidcIssuer };
}

function missing(given: PolicyAnswers): Error {
  const names = [given.images.length > 0 ? undefined : '--image', missingSigner(given)].filter(
    (name) => name !== undefined,
  );
  return coreError('USAGE', `missing: ${names.join(' and ')}`, {
    hint: 'on a terminal, waybill policy init asks for it',
  });
}

function missingSigner(given: PolicyAnswers): string | undefined {
  if (signerOf(given) !== undefined) return undefined;
  if (given.certificateIdentity !== undefined) return '--certificate-oidc-issuer';
  if (given.certificateOidcIssuer !== undefined) return '--certificate-identity';
  return 'who signs (--key, or --certificate-identity and --certificate-oidc-issuer)';
}

async function askSigner(given: PolicyAnswers): Promise<InitSigner> {
  const keyless = given.certificateIdentity ?? given.certificateOidcIssuer;
  const key =
    keyless === undefined
      ? await askText({ question: 'Public key file of who signs (empty: a keyless identity)', otherwise: '' })
      : '';
  if (key !== '') return { keyFile: key };
  return {
    certificateOidcIssuer:
      given.certificateOidcIssuer ??
      (await askText({ question: 'Issuer that vouches for the identity', otherwise: GITHUB_ISSUER })),
    certificateIdentity:
      given.certificateIdentity ??
      (await askText({ question: 'Identity (https://github.com/OWNER/REPOSITORY/.github/workflows/FILE@REF)' })),
  };
}

async function askBases(): Promise<readonly string[]> {
  const bases: string[] = [];
  while (bases.length < MAX_BASES) {
    const which = bases.length === 0 ? 'An allowed base' : 'Another';
    const base = await askText({ question: `${which} (NAME=IMAGE:TAG; empty: no more)`, otherwise: '' });
    if (base === '') break;
    bases.push(base);
  }
  return bases;
}
