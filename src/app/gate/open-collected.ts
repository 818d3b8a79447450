import { isAppError, type AppError } from '../../core/index.ts';
import { reopenEvidence, type EvidenceDocument, type EvidenceImage, type EvidenceView } from '../../evidence/index.ts';

/** What is decided from, and the document that says the same. */
export interface OpenedCollection {
  readonly view: EvidenceView;
  readonly document: EvidenceDocument;
}

/**
 * Opens what was just collected, as a replay will. An image that cannot be opened becomes an error of its own: a hostile image must not end the check of the
 * others, nor keep its own denial from being written.
 */
export function openCollected(collected: EvidenceDocument): OpenedCollection {
  try {
    return { view: reopenEvidence(collected), document: collected };
  } catch (error) {
    if (!isAppError(error)) throw error;
  }
  const images = collected.images.map((image) => {
    const failure = failureOf({ ...collected, images: [image] });
    return failure === undefined ? image : notUsable(image, failure);
  });
  const document = { ...collected, images };
  return { view: reopenEvidence(document), document };
}

function failureOf(document: EvidenceDocument): AppError | undefined {
  try {
    reopenEvidence(document);
    return undefined;
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
}

function notUsable(image: EvidenceImage, { code, message, exitCode }: AppError): EvidenceImage {
  return {
    ...image,
    digest: null,
    tagDigest: null,
    subjects: [],
    platforms: [],
    errors: [...image.errors, { what: 'resolve', code, reason: message, exitCode }],
  };
}
