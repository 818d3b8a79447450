import { ExitCode } from '../../core/index.ts';
import { plainRepository, readProvenance } from '../../provenance/index.ts';
import { basisOf } from '../signers/check-signatures.ts';
import type { CheckResult } from '../decision.ts';
import { errored, failed, passed } from '../outcome.ts';
import type { VerifiedStatement } from '../signers/statements.ts';
import type { AttestationCheck } from '../file/types.ts';

/** Whether trusted provenance names the builder and the source that a rule wants; where they stand is a matter of the build type. */
export function judgeProvenance(check: AttestationCheck, statement: VerifiedStatement): CheckResult {
  const about = { check: 'attestations', item: check.type, basis: basisOf([statement], check.by) } as const;
  const provenance = readProvenance(statement.predicate, statement.predicateType);
  if (provenance === undefined) {
    return failed({
      ...about,
      code: 'PROVENANCE_UNREADABLE',
      reason: 'the provenance has none of the members it must have',
      remedy: 'attest provenance in the form of SLSA v1 or v0.2',
    });
  }
  const { buildType, builder, runner } = provenance;
  if (check.builder !== undefined && builder !== check.builder && runner !== check.builder) {
    const reason = `built by ${builder === '' ? 'a builder without a name' : builder}, the rule wants ${check.builder}`;
    return failed({ ...about, code: 'PROVENANCE_BUILDER', reason, remedy: `build with ${check.builder}` });
  }
  if (provenance.system === 'unknown') {
    const reason = `build type ${buildType} is unknown: where it keeps builder and source cannot be said`;
    return errored({ ...about, code: 'PROVENANCE_BUILD_TYPE_UNKNOWN', reason }, ExitCode.Input);
  }
  const wanted = check.source === undefined ? undefined : plainRepository(check.source);
  if (wanted !== undefined && provenance.source !== wanted) {
    const from =
      provenance.source === undefined
        ? 'the provenance does not say what it was built from'
        : `built from ${provenance.source}`;
    const reason = `${from}, the rule wants ${check.source}`;
    return failed({ ...about, code: 'PROVENANCE_SOURCE', reason, remedy: `build from ${check.source}` });
  }
  return passed({ ...about, code: 'ATTESTED', reason: 'provenance as wanted' });
}
