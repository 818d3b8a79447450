import { compareCodeUnits } from '../../core/index.ts';
import type { CaptureRule, FileView } from '../../filesystem/index.ts';
import { listed } from '../listed.ts';
import type { AccountFacts, FileState, UserFact } from './types.ts';

/** What reads account files must capture. */
export const ACCOUNT_CAPTURE: CaptureRule = {
  id: 'system/accounts',
  pathSuffixes: ['etc/passwd', 'etc/shadow', 'etc/group'],
  maxBytes: 4 * 1024 * 1024,
};

const MAX_ID = 0xffff_ffff;
const MAX_LINES = 100_000;

interface AccountLines {
  readonly state: FileState;
  /** Fields of each. */
  readonly lines: readonly (readonly string[])[];
}

/** The account files of a view, as lines. */
export interface AccountFiles {
  readonly passwd: AccountLines;
  readonly shadow: AccountLines;
  readonly group: AccountLines;
}

/**
 * Reads the account files of a view. Hostile: lines that are no account of any C library are left out.
 * @see https://man7.org/linux/man-pages/man5/passwd.5.html
 */
export function readAccounts(view: FileView): AccountFiles {
  return {
    passwd: readLines(view, 'etc/passwd', 7),
    shadow: readLines(view, 'etc/shadow', 8),
    group: readLines(view, 'etc/group', 4),
  };
}

/** What account files say; names that appear twice are said. */
export function accountFacts({ passwd, shadow, group }: AccountFiles): AccountFacts {
  const rootNames = passwd.lines.filter(([name, , uid]) => name !== 'root' && idOf(uid) === 0).map(nameOf);
  // `x` sends to shadow; anything empty, in either file, lets everybody in
  const emptyPasswords = [...passwd.lines, ...shadow.lines].filter(([, password]) => password === '').map(nameOf);
  return {
    passwd: passwd.state,
    shadow: shadow.state,
    group: group.state,
    rootNames: listed(unique(rootNames)),
    emptyPasswords: listed(unique(emptyPasswords)),
    duplicates: listed([
      ...repeated(passwd.lines.map(nameOf)).map((value) => ({ what: 'name' as const, value })),
      ...repeated(passwd.lines.map(([, , uid]) => String(idOf(uid)))).map((value) => ({ what: 'uid' as const, value })),
      ...repeated(group.lines.map(nameOf)).map((value) => ({ what: 'group' as const, value })),
      ...repeated(group.lines.map(([, , gid]) => String(idOf(gid)))).map((value) => ({ what: 'gid' as const, value })),
    ]),
  };
}

/** How /etc/passwd resolves the user of a configuration. @param user `name`, `name:group`, `1000`, `1000:1000`; '' and undefined give null */
export function userFact({ passwd }: AccountFiles, user: string | undefined): UserFact | null {
  const name = user?.split(':', 1)[0] ?? '';
  if (name === '') return null;
  const line = passwd.lines.find(([known]) => known === name);
  if (line === undefined && isNumber(name)) return null;
  return { name, uid: line === undefined ? null : idOf(line[2]) };
}

/** uid and gid that the image runs as, as far as the files tell. */
export function runsAs(
  { passwd, group }: AccountFiles,
  user: string | undefined,
): { readonly uid: number; readonly gid: number } | undefined {
  const [name = '', groupName = ''] = (user ?? '').split(':');
  if (name === '') return { uid: 0, gid: 0 };
  const line = passwd.lines.find((fields) => (isNumber(name) ? idOf(fields[2]) === idOf(name) : fields[0] === name));
  if (line === undefined && !isNumber(name)) return undefined;
  const uid = isNumber(name) ? idOf(name) : idOf(line?.[2]);
  return { uid, gid: groupId(group, groupName) ?? (line === undefined ? 0 : idOf(line[3])) };
}

function groupId({ lines }: AccountLines, name: string): number | undefined {
  if (name === '') return undefined;
  if (isNumber(name)) return idOf(name);
  const line = lines.find(([known]) => known === name);
  return line === undefined ? undefined : idOf(line[2]);
}

function isNumber(text: string): boolean {
  return /^[+-]?[0-9]{1,20}$/.test(text);
}

/** 0 also for whatever some C library may read as 0: signs, blanks, other bases, more than 32 bits. */
function idOf(text: string | undefined): number {
  const value = text !== undefined && /^0*[1-9][0-9]{0,18}$/.test(text) ? Number(text) : 0;
  return value > MAX_ID ? 0 : value;
}

function nameOf(fields: readonly string[]): string {
  return fields[0] ?? '';
}

function readLines(view: FileView, path: string, fields: number): AccountLines {
  if (view.resolve(path) === undefined) {
    // a link that leads nowhere here may lead somewhere when the image runs
    return { state: view.lookup(path) === undefined ? 'absent' : 'unreadable', lines: [] };
  }
  const bytes = view.read(path);
  if (bytes === undefined) return { state: 'unreadable', lines: [] };
  const rows = new TextDecoder('latin1').decode(bytes).split('\n', MAX_LINES + 1);
  if (rows.length > MAX_LINES) return { state: 'unreadable', lines: [] };
  const lines = rows
    .map((row) => row.split(':'))
    // what looks like a comment is an account to musl when it has the fields of one
    .filter(
      ([name = '', ...rest]) => name !== '' && rest.length > 0 && !(name.startsWith('#') && rest.length + 1 < fields),
    );
  return { state: 'read', lines };
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)].toSorted(compareCodeUnits);
}

function repeated(values: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return unique(values.filter((value) => (counts.get(value) ?? 0) > 1));
}
