import {
  attachDocument,
  attestStatement,
  documentMediaType,
  PREDICATE_TYPES,
  referencePredicate,
  resolvePredicateType,
  type AttachedDocument,
} from '../../attestation/index.ts';
import { coreError, readInputFile, type Digest, type Runtime } from '../../core/index.ts';
import { MAX_PREDICATE_BYTES } from '../sbom/bundle-size.ts';
import { signEach, type Content, type SignEachOptions, type SignEachResult } from './sign-each.ts';

/** Documents that are attested by reference are stored whole, and read into memory for it. */
const MAX_DOCUMENT_BYTES = 256 * 1024 * 1024;

export interface AttestImageOptions extends SignEachOptions {
  /** Short name or URI. */
  readonly type: string;
  readonly predicateFile: string;
  /** What the statement speaks of beside the image. */
  readonly moreSubjects?: readonly { readonly name?: string; readonly digest: Digest }[];
  /** Store the document beside the image and attest its digest, in place of its content. */
  readonly byReference?: boolean;
}

export interface AttestImageResult extends SignEachResult {
  /** What the attestation names by its digest. */
  readonly document?: AttachedDocument;
}

/** Signs a statement that holds the predicate's bytes unchanged, or names them, verifies it, and attaches it to what the reference leads to. */
export async function attestImage(options: AttestImageOptions, runtime: Runtime): Promise<AttestImageResult> {
  const { uri } = resolvePredicateType(options.type);
  if (options.byReference === true) return attestReference(options, uri, runtime);
  const predicateJson = await readInputFile(options.predicateFile, MAX_PREDICATE_BYTES);
  return signEach(options, statementOf(options, uri, predicateJson), runtime);
}

async function attestReference(options: AttestImageOptions, uri: string, runtime: Runtime): Promise<AttestImageResult> {
  if (options.upload === false) {
    throw coreError(
      'USAGE',
      'an attestation by reference is of no use without the document, which nothing would store',
      {
        hint: 'leave --no-upload out, or --by-reference',
      },
    );
  }
  const bytes = await readInputFile(options.predicateFile, MAX_DOCUMENT_BYTES);
  const document = { bytes, mediaType: documentMediaType(uri) };
  const content = statementOf(options, PREDICATE_TYPES.reference.uri, referencePredicate(document));
  let attached: AttachedDocument | undefined;
  const result = await signEach(
    options,
    {
      ...content,
      // who sees the attestation must find the document
      beforeAttach: async (store, subject) => {
        const written = { created: runtime.now(), signal: runtime.signal };
        attached = await attachDocument(store, subject, document, written);
      },
    },
    runtime,
  );
  return { ...result, ...(attached === undefined ? {} : { document: attached }) };
}

function statementOf(options: AttestImageOptions, predicateType: string, predicateJson: Uint8Array): Content {
  const { moreSubjects = [] } = options;
  return {
    predicateType,
    payload: ({ digest }, { repository }) =>
      attestStatement({
        predicateType,
        predicateJson,
        subject: digest,
        moreSubjects,
        ...(repository === undefined ? {} : { subjectName: repository }),
      }),
  };
}
