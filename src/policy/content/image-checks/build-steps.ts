import { shortList } from '../../outcome.ts';
import { met, violated, type NamedImageCheck } from './contract.ts';
import { commandSteps, commandWords, historySteps, shellCommands, stepText, type HistoryStep } from './history.ts';

const UPDATE = /^(?:apt-get|apt|aptitude|apk|yum|dnf|microdnf|zypper)$/;
const INSTALLS = /^(?:install|upgrade|dist-upgrade|full-upgrade|add|in|dup|build-dep|reinstall|fix|source)$/;

/** What a command has a package manager do: its first word that is no flag. */
function verb(words: readonly string[]): string | undefined {
  return words.slice(1).find((word) => !word.startsWith('-'));
}

function isUpdateAlone({ text }: HistoryStep): boolean {
  const commands = shellCommands(text).map(commandWords);
  const managed = commands.filter(([program = '']) => UPDATE.test(program.split('/').at(-1) ?? ''));
  const isUpdate = managed.some((words) => {
    const word = verb(words);
    // `yum update` and `dnf update` install; without names they upgrade everything
    return word === 'update' || word === 'refresh' || word === 'makecache';
  });
  const upgrades = managed.some((words) => INSTALLS.test(verb(words) ?? '') || words.includes('--update-cache'));
  return isUpdate && !upgrades;
}

export const UPDATE_ALONE: NamedImageCheck = {
  id: 'IMG007',
  title: 'updates package lists only where it installs from them',
  severity: 'high',
  defaultMode: 'warn',
  references: ['CIS Docker 4.7', 'CIS-DI-0007', 'DS-0017'],
  needs: [],
  evaluate: ({ platform }) => {
    const found = historySteps(platform).filter((step) => step.instruction === 'RUN' && isUpdateAlone(step));
    if (found.length === 0) return met('no step updates package lists alone');
    return violated(
      `${stepCount(found)} package lists and installs nothing: the next build may install from an old list`,
      {
        remedy: 'update and install in one RUN',
        notes: found.map(stepText),
      },
    );
  },
};

function stepCount(found: readonly HistoryStep[]): string {
  return found.length === 1 ? 'one step updates' : `${found.length} steps update`;
}

export const ADD_USED: NamedImageCheck = {
  id: 'IMG009',
  title: 'copies files with COPY, not ADD',
  severity: 'medium',
  defaultMode: 'warn',
  references: ['CIS Docker 4.9', 'CIS-DI-0009', 'DS-0005'],
  needs: [],
  evaluate: ({ platform }) => {
    const steps = historySteps(platform);
    const adds = steps.filter(({ instruction }) => instruction === 'ADD');
    // the root file system of a base image is an archive that ADD unpacks
    const found = adds.filter((step, index) => !(index === 0 && unpacksRoot(step, steps)) && !isChecked(step));
    if (found.length === 0)
      return met(adds.length === 0 ? 'nothing is added with ADD' : 'ADD only unpacks the root file system');
    const remote = found.filter(({ text }) => /\b(?:https?|git|ftp):\/\//.test(text));
    const what =
      remote.length > 0 ? `${remote.length} of them from the network without a checksum` : 'where COPY would do';
    return violated(`ADD is used ${found.length === 1 ? 'once' : `${found.length} times`}, ${what}`, {
      remedy: 'use COPY; for what comes from the network ADD --checksum',
      notes: found.map(stepText),
    });
  },
};

function unpacksRoot(step: HistoryStep, steps: readonly HistoryStep[]): boolean {
  const target = step.text.split(/\s+/).at(-1);
  const isFirst = steps
    .slice(0, step.index)
    .every(({ instruction }) => instruction !== 'RUN' && instruction !== 'COPY');
  return isFirst && (target === '/' || target === './') && !/\bhttps?:\/\//.test(step.text);
}

function isChecked({ text }: HistoryStep): boolean {
  return /(?:^|\s)--checksum=sha(?:256|384|512):[0-9a-f]{64,128}(?:\s|$)/.test(text);
}

/** Words by which a command accepts what nobody signed or vouched for. */
const UNTRUSTED: readonly (readonly [RegExp, string])[] = [
  [/(?:^|\s)--allow-unauthenticated(?:\s|$)/, '--allow-unauthenticated'],
  [/(?:^|\s)--force-yes(?:\s|$)/, '--force-yes'],
  [/(?:^|\s)--no-gpg-checks?(?:\s|$)|(?:^|\s)--nogpgcheck(?:\s|$)/, '--no-gpg-check'],
  [/(?:^|\s)--allow-untrusted(?:\s|$)/, '--allow-untrusted'],
  [/(?:^|\s)--trusted-host(?:[\s=]|$)/, '--trusted-host'],
  [/\[[^\]]{0,300}\btrusted=yes\b/, '[trusted=yes]'],
  [/(?:^|\s)--no-check-certificate(?:\s|$)/, '--no-check-certificate'],
  [/\bstrict-ssl[\s=]+false\b/, 'strict-ssl false'],
  [/\bhttp\.sslVerify[\s=]+(?:false|0)\b/, 'http.sslVerify false'],
  [/\bNODE_TLS_REJECT_UNAUTHORIZED=0\b/, 'NODE_TLS_REJECT_UNAUTHORIZED=0'],
];

function untrustedWords(text: string): readonly string[] {
  const words = UNTRUSTED.filter(([pattern]) => pattern.test(text)).map(([, word]) => word);
  const insecureCurl = shellCommands(text).some((command) => {
    const [program = '', ...rest] = commandWords(command);
    return (
      program.split('/').at(-1) === 'curl' &&
      rest.some((word) => word === '--insecure' || /^-[a-zA-Z]*k[a-zA-Z]*$/.test(word))
    );
  });
  return insecureCurl ? [...words, 'curl -k'] : words;
}

export const UNTRUSTED_SOURCE: NamedImageCheck = {
  id: 'IMG011',
  title: 'installs only what its source vouches for',
  severity: 'medium',
  defaultMode: 'warn',
  references: ['CIS Docker 4.11'],
  needs: ['system'],
  evaluate: ({ platform, system }) => {
    const steps = commandSteps(platform).flatMap((step) =>
      untrustedWords(step.text).map((word) => `${word} in ${stepText(step)}`),
    );
    const settings = system.sources.items.map(({ path, setting }) => `${setting} in ${path}`);
    const found = [...steps, ...settings];
    if (found.length === 0) return met('no step and no setting accepts unsigned packages or unknown servers');
    return violated(`accepts what nobody vouches for: ${shortList(found, 3)}`, {
      remedy: 'install the source’s key or certificate instead of switching the check off',
      places: system.sources.items,
      notes: found,
    });
  },
};

export const PRIVILEGE_TOOLS: NamedImageCheck = {
  id: 'IMG005',
  title: 'neither has nor uses sudo, su or doas',
  severity: 'high',
  defaultMode: 'warn',
  references: ['DKL-DI-0001', 'DS-0010'],
  needs: ['system'],
  evaluate: ({ platform, system, base }) => {
    const steps = commandSteps(platform).filter(({ text }) =>
      shellCommands(text).some((command) => usesPrivilege(command)),
    );
    // every Debian has su; what the allowed base brings is its own affair, sudo and doas are not
    const tools = system.tools.items.filter(
      ({ kind, path, layer }) =>
        kind === 'privilege' && (!path.endsWith('/su') || (base !== undefined && layer >= base.layerCount)),
    );
    if (steps.length === 0 && tools.length === 0) return met('sudo, su and doas are neither there nor used');
    const what = [...tools.map(({ path }) => `${path} is there`), ...steps.map(stepText)];
    return violated(shortList(what, 3), {
      remedy: 'set the user with USER, and start programs with setpriv or su-exec where one must change it',
      places: tools,
      notes: steps.map(stepText),
    });
  },
};

function usesPrivilege(command: string): boolean {
  const [program = ''] = commandWords(command);
  return /^(?:\/(?:usr\/)?bin\/)?(?:sudo|su|doas)$/.test(program);
}
