import { ExitCode } from '../../core/index.ts';
import type { RuleContext } from '../context.ts';
import type { CheckResult } from '../decision.ts';
import { evaluateImageChecks } from './image-checks/index.ts';
import { errored, failed, passed } from '../outcome.ts';
import type { ImageCheck } from '../file/types.ts';

/**
 * The image's configuration and files by the named checks, and how it is referred to. Those checks run that are named and not `off`, each in the mode given;
 * others do not: `waybill policy explain` lists all of them.
 */
export function checkImage(context: RuleContext, check: ImageCheck): readonly CheckResult[] {
  const results = [...evaluateImageChecks(context, check.checks ?? new Map())];
  if (check.digestPinned) results.push(checkPinned(context));
  return results;
}

function checkPinned(context: RuleContext): CheckResult {
  const { reference, requested, digest } = context.image.evidence;
  if (digest === null)
    return errored(
      { check: 'image', item: 'digestPinned', code: 'NOT_RESOLVED', reason: 'the image was not resolved' },
      ExitCode.Input,
    );
  if (requested.digest !== null) {
    return passed({
      check: 'image',
      item: 'digestPinned',
      code: 'IMAGE_PINNED',
      reason: 'the reference names a digest',
      basis: { digests: [digest] },
    });
  }
  return failed({
    check: 'image',
    item: 'digestPinned',
    code: 'IMAGE_NOT_PINNED',
    reason: `${reference} names no digest: it can lead elsewhere tomorrow`,
    basis: { digests: [digest] },
    remedy: `refer to the image as ${context.image.evidence.name ?? reference}@${digest}`,
  });
}
