import { compareCodeUnits } from '../core/index.ts';
import type { FileView } from '../filesystem/index.ts';
import type { AccountChange } from './types.ts';

const PASSWD = 'etc/passwd';
const SHADOW = 'etc/shadow';
const MAX_LINES = 100_000;

/**
 * Accounts that upper layers changed beyond adding ordinary ones: base lines altered or gone, a new uid 0, a password where the base had none. Adding
 * locked system users is what installing software does.
 */
export function compareAccounts(base: FileView, final: FileView): readonly AccountChange[] {
  const changes = [
    ...comparePasswd(accountLines(base, PASSWD), accountLines(final, PASSWD)),
    ...compareShadow(accountLines(base, SHADOW), accountLines(final, SHADOW)),
  ];
  return changes.toSorted(
    (a, b) => compareCodeUnits(a.path, b.path) || compareCodeUnits(a.user, b.user) || compareCodeUnits(a.kind, b.kind),
  );
}

type Lines = ReadonlyMap<string, readonly string[]>;

function accountLines(view: FileView, path: string): Lines {
  const bytes = view.read(path);
  const lines = new Map<string, readonly string[]>();
  if (bytes === undefined) return lines;
  for (const line of new TextDecoder('latin1').decode(bytes).split('\n', MAX_LINES)) {
    const fields = line.split(':');
    const user = fields[0];
    // the first line of a name is the one the system uses
    if (user !== undefined && user !== '' && !user.startsWith('#') && fields.length > 1 && !lines.has(user))
      lines.set(user, fields);
  }
  return lines;
}

function comparePasswd(base: Lines, final: Lines): AccountChange[] {
  const changes: AccountChange[] = [];
  for (const [user, before] of base) {
    const after = final.get(user);
    if (after === undefined) changes.push({ path: PASSWD, user, kind: 'removed' });
    else if (after.join(':') !== before.join(':')) {
      changes.push({ path: PASSWD, user, kind: isRoot(after) && !isRoot(before) ? 'new-uid-0' : 'changed' });
    }
  }
  for (const [user, fields] of final) {
    if (base.has(user)) continue;
    if (isRoot(fields)) changes.push({ path: PASSWD, user, kind: 'new-uid-0' });
    else if (!isLockedPassword(fields[1]) && fields[1] !== 'x')
      changes.push({ path: PASSWD, user, kind: 'new-password' });
  }
  return changes;
}

/** The date of the last change (field 3) is left out: rebuilding sets it. */
function compareShadow(base: Lines, final: Lines): AccountChange[] {
  const changes: AccountChange[] = [];
  for (const [user, before] of base) {
    const after = final.get(user);
    if (after === undefined) changes.push({ path: SHADOW, user, kind: 'removed' });
    else if (before[1] !== after[1])
      changes.push({ path: SHADOW, user, kind: isLockedPassword(after[1]) ? 'changed' : 'new-password' });
  }
  for (const [user, fields] of final) {
    if (!base.has(user) && !isLockedPassword(fields[1])) changes.push({ path: SHADOW, user, kind: 'new-password' });
  }
  return changes;
}

function isRoot(fields: readonly string[]): boolean {
  return /^0+$/.test(fields[2] ?? '');
}

/** `*`, `!`, `!*`, `!!` and hashes behind `!` let nobody in; an empty field lets everybody in. */
function isLockedPassword(field: string | undefined): boolean {
  return field !== undefined && (field.startsWith('!') || field.startsWith('*'));
}
