import { ExitCode } from '../../../core/index.ts';
import { shortList } from '../../outcome.ts';
import { met, unknown, violated, type ImageVerdict, type NamedImageCheck } from './contract.ts';

const NUMBER = /^[+-]?[0-9]{1,20}$/;

/** The user without the group; undefined for none. */
function userName(user: string | undefined): string | undefined {
  const name = (user ?? '').split(':', 1)[0] ?? '';
  return name === '' ? undefined : name;
}

export const ROOT_USER: NamedImageCheck = {
  id: 'IMG001',
  title: 'runs as a user other than root',
  severity: 'high',
  defaultMode: 'deny',
  references: ['CIS Docker 4.1', 'CIS-DI-0001', 'DS-0002'],
  needs: ['system'],
  evaluate: ({ platform, system }) => {
    const remedy = 'add USER with a numeric id other than 0 to the Dockerfile';
    const name = userName(platform.config.user);
    if (name === undefined) return violated('no user is set, so it runs as root', { remedy });
    const resolved = system.user?.uid;
    if (NUMBER.test(name)) {
      // some runtimes look for an account of that name first
      if (Number(name) === 0 || resolved === 0) return violated(`the user ${name} is root`, { remedy });
      return Number(name) <= 0xffff_ffff && Number(name) > 0
        ? met(`runs as uid ${Number(name)}`)
        : violated(`the user ${name} is no uid: some runtimes take it for 0`, { remedy });
    }
    if (name === 'root' || resolved === 0) return violated(`the user ${name} is root`, { remedy });
    if (resolved !== undefined && resolved !== null) return met(`runs as ${name}, uid ${resolved}`);
    const why = system.accounts.passwd === 'unreadable' ? 'cannot be read' : 'does not have it';
    return unknown('IMAGE_USER_UNKNOWN', `whether the user ${name} is root is not known: /etc/passwd ${why}`, {
      exitCode: ExitCode.Input,
      remedy: 'name the user by a number',
    });
  },
};

export const NAMED_USER: NamedImageCheck = {
  id: 'IMG002',
  title: 'names its user by a number',
  severity: 'medium',
  defaultMode: 'warn',
  references: ['Kubernetes runAsNonRoot'],
  needs: [],
  evaluate: ({ platform }) => {
    const name = userName(platform.config.user);
    if (name === undefined) return met('no user is set: IMG001 says what that means');
    if (NUMBER.test(name)) return met(`the user is the number ${name}`);
    return violated(`the user is the name ${name}, of which a kubelet cannot tell that it is not root`, {
      remedy: 'name the user by its number in USER',
    });
  },
};

/** Account files that are there and cannot be read: nothing can be said about their accounts. */
function unreadableAccounts(states: Readonly<Record<string, string>>): ImageVerdict | undefined {
  const files = Object.entries(states)
    .filter(([, state]) => state === 'unreadable')
    .map(([file]) => `/etc/${file}`);
  if (files.length === 0) return undefined;
  return unknown('IMAGE_ACCOUNTS_UNREADABLE', `${shortList(files)} cannot be read`, {
    exitCode: ExitCode.Input,
    remedy: 'make the account files regular files of ordinary size',
  });
}

export const EMPTY_PASSWORD: NamedImageCheck = {
  id: 'IMG016',
  title: 'lets nobody in without a password',
  severity: 'high',
  defaultMode: 'deny',
  references: ['DKL-LI-0001', 'CVE-2019-5021'],
  needs: ['system'],
  evaluate: ({ system }) => {
    const { passwd, shadow, emptyPasswords } = system.accounts;
    if (emptyPasswords.count > 0) {
      return violated(`an empty password lets in ${shortList(emptyPasswords.items)}`, {
        remedy: 'lock the accounts: passwd -l, or an asterisk for the password',
        notes: emptyPasswords.items.map((name) => `account ${name}`),
      });
    }
    return unreadableAccounts({ passwd, shadow }) ?? met('no account has an empty password');
  },
};

export const DUPLICATE_ACCOUNTS: NamedImageCheck = {
  id: 'IMG017',
  title: 'has each account and id once, and uid 0 for root alone',
  severity: 'medium',
  defaultMode: 'warn',
  references: ['DKL-LI-0002'],
  needs: ['system'],
  evaluate: ({ system }) => {
    const { passwd, group, rootNames, duplicates } = system.accounts;
    const found = [
      ...rootNames.items.map((name) => `${name} has uid 0`),
      ...duplicates.items.map(({ what, value }) => `the ${what} ${value} is there more than once`),
    ];
    if (found.length > 0) {
      return violated(shortList(found), { remedy: 'give every account an id of its own', notes: found });
    }
    return unreadableAccounts({ passwd, group }) ?? met('no account or id is there twice');
  },
};
