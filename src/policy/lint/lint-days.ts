import type { SayAt } from '../file/say.ts';
import type { Policy } from '../file/types.ts';
import { lastDay } from '../file/values.ts';

/** How long before its end an exception is pointed out. */
const NOTICE_MS = 30 * 86_400_000;

/** Exceptions that have ended or will soon, and rules whose day has come. */
export function lintDays(policy: Policy, now: Date, say: SayAt): void {
  for (const [index, { expires, owner }] of (policy.exceptions ?? []).entries()) {
    const path = `exceptions[${index}].expires`;
    if (expires <= now) {
      say(path, {
        code: 'POLICY_EXCEPTION_EXPIRED',
        message: `this exception ended with ${lastDay(expires)}: it does nothing`,
        hint: 'remove it, or set a new day',
      });
    } else if (expires.getTime() - now.getTime() <= NOTICE_MS) {
      say(path, {
        code: 'POLICY_EXCEPTION_EXPIRING',
        message: `this exception ends with ${lastDay(expires)}: from then on what it covers fails`,
        hint: `let ${owner} meet the check by then, or renew the exception`,
      });
    }
  }
  for (const [index, { name, effectiveOn }] of policy.rules.entries()) {
    if (effectiveOn === undefined || effectiveOn > now) continue;
    say(`rules[${index}].effectiveOn`, {
      severity: 'info',
      code: 'POLICY_EFFECTIVE_ALREADY',
      message: `rule "${name}" has been in force since ${effectiveOn.toISOString().slice(0, 10)}: the word does nothing any more`,
      hint: 'remove it',
    });
  }
}
