import { compareCodeUnits } from '../core/index.ts';
import type { FileView } from '../filesystem/index.ts';
import type { AccountChange } from './types.ts';

const PASSWD = 'etc/passwd';
const SHADOW = 'etc/shadow';
const MAX_UID = 0xffff_ffff;

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

/**
 * Account files that are there and whose lines are not known (a link out of /etc, a folder, too large), so that nothing can be said about their accounts;
 * unless they are the base's own.
 */
export function unreadableAccountFiles(base: FileView, final: FileView): readonly string[] {
  return [PASSWD, SHADOW].filter((path) => {
    if (final.resolve(path) === undefined || (final.read(path) !== undefined && isReadableIfThere(base, path))) {
      // a link that leads nowhere in the image may lead somewhere when it runs
      return final.resolve(path) === undefined && final.lookup(path) !== undefined && !isSameEntry(base, final, path);
    }
    return !isSameEntry(base, final, path);
  });
}

function isReadableIfThere(view: FileView, path: string): boolean {
  return view.resolve(path) === undefined || view.read(path) !== undefined;
}

function isSameEntry(base: FileView, final: FileView, path: string): boolean {
  const [before, after] = [base.resolve(path), final.resolve(path)];
  const [written, now] = [base.lookup(path), final.lookup(path)];
  if (written?.layer !== now?.layer || written?.path !== now?.path) return false;
  return before?.path === after?.path && before?.layer === after?.layer;
}

type Lines = ReadonlyMap<string, readonly string[]>;

function accountLines(view: FileView, path: string): Lines {
  const bytes = view.read(path);
  const lines = new Map<string, readonly string[]>();
  if (bytes === undefined) return lines;
  for (const line of new TextDecoder('latin1').decode(bytes).split('\n')) {
    const fields = line.split(':');
    const user = fields[0];
    // what looks like a comment is an account to musl when it has the fields of one
    const isComment = line.startsWith('#') && fields.length < (path === PASSWD ? 7 : 8);
    // the first line of a name is the one the system uses
    if (user !== undefined && user !== '' && !isComment && fields.length > 1 && !lines.has(user))
      lines.set(user, fields);
  }
  return lines;
}

function comparePasswd(base: Lines, final: Lines): AccountChange[] {
  const changes: AccountChange[] = [];
  for (const [user, before] of base) {
    const after = final.get(user);
    if (after === undefined) changes.push({ path: PASSWD, user, kind: 'removed' });
    else if (isRoot(after) && !isRoot(before)) changes.push({ path: PASSWD, user, kind: 'new-uid-0' });
    else if (after[1] !== before[1] && !isLockedPassword(after[1]) && after[1] !== 'x')
      changes.push({ path: PASSWD, user, kind: 'new-password' });
    else if (after.join(':') !== before.join(':')) changes.push({ path: PASSWD, user, kind: 'changed' });
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

/** uid 0, or anything that some C library may read as 0: signs, blanks, other bases, more than 32 bits. */
function isRoot(fields: readonly string[]): boolean {
  const uid = fields[2] ?? '';
  return !/^0*[1-9][0-9]*$/.test(uid) || Number(uid) > MAX_UID;
}

/** `*`, `!`, `!*`, `!!` and hashes behind `!` let nobody in; an empty field lets everybody in. */
function isLockedPassword(field: string | undefined): boolean {
  return field !== undefined && (field.startsWith('!') || field.startsWith('*'));
}
