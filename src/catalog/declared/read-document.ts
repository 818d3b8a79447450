import { isAppError, parseStrictJson } from '../../core/index.ts';
import type { CapturedFile } from '../../filesystem/index.ts';
import { cycloneDxDocument } from './cyclonedx-document.ts';
import type { DeclaredDocument } from './declared-document.ts';
import { recordOf } from './json-values.ts';
import { spdxDocument } from './spdx-document.ts';

/** A file's document; or why it cannot be read; `other` when it is JSON of another kind. */
export type ReadDocument = DeclaredDocument | { readonly unreadable: string } | 'other';

export const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;
const MAX_DEPTH = 256;

/** Reads a CycloneDX or SPDX document in JSON. Hostile input: never throws; bytes, depth and components are capped. */
export function readDeclaredDocument({ bytes }: CapturedFile): ReadDocument {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  try {
    const limits = { maxBytes: MAX_DOCUMENT_BYTES, maxDepth: MAX_DEPTH };
    const document = recordOf(parseStrictJson(marked ? bytes.subarray(3) : bytes, 'the document', limits));
    if (document === undefined) return 'other';
    return cycloneDxDocument(document) ?? spdxDocument(document) ?? 'other';
  } catch (error) {
    if (isAppError(error) || error instanceof RangeError) return { unreadable: error.message };
    throw error;
  }
}
