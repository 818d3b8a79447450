import { matchesPredicateType, resolvePredicateType } from '../../attestation/index.ts';
import { isAppError } from '../../core/index.ts';

/** Whether a statement's predicate type is the one a policy asks for: its URI exactly, or another spelling declared for the name. */
export function isPredicateType(wanted: string, predicateType: string): boolean {
  return matchesPredicateType(resolvePredicateType(wanted), predicateType);
}

/** Whether this is a name or a URI of a predicate type. */
export function isKnownPredicateType(wanted: string): boolean {
  try {
    resolvePredicateType(wanted);
    return true;
  } catch (error) {
    if (isAppError(error)) return false;
    throw error;
  }
}

export function isProvenanceType(predicateType: string): boolean {
  return predicateType.startsWith('https://slsa.dev/provenance/');
}

/** Whether a policy's word for a predicate type, a name or a URI, stands for provenance of any version. */
export function wantsProvenance(wanted: string): boolean {
  return wanted.startsWith('slsaprovenance') || isProvenanceType(wanted);
}

/** SBOMs and provenance are about one platform manifest, never about an index. */
export function speaksOfPlatform(wanted: string): boolean {
  const { uri } = resolvePredicateType(wanted);
  return (
    isProvenanceType(uri) || uri.startsWith('https://cyclonedx.org/bom') || uri.startsWith('https://spdx.dev/Document')
  );
}
