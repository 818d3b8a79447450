import type { Listed } from '../../../evidence/index.ts';
import { namesOf } from '../check-files.ts';
import { shortList } from '../../outcome.ts';
import { met, violated, type NamedImageCheck } from './contract.ts';
import { commandSteps, commandWords, shellCommands, stepText } from './history.ts';

/** The first five of them, and how many more there are. */
function counted({ items, count }: Listed<{ readonly path: string }>): string {
  return namesOf(items, count).slice(2);
}

const KIND_WORDS: Readonly<Record<string, string>> = {
  'package-manager': 'package managers',
  shell: 'shells',
  network: 'network tools',
  compiler: 'compilers',
  debugger: 'debuggers',
  privilege: 'tools that change the user',
};

export const UNNEEDED_TOOLS: NamedImageCheck = {
  id: 'IMG004',
  title: 'has no package managers, shells, network tools, compilers or debuggers',
  severity: 'medium',
  defaultMode: 'off',
  references: ['CIS Docker 4.3'],
  needs: ['system'],
  evaluate: ({ system }) => {
    const { items, count } = system.tools;
    if (count === 0) return met('none of the programs that attackers look for is there');
    const kinds = [...new Set(items.map(({ kind }) => kind))].toSorted().map((kind) => KIND_WORDS[kind] ?? kind);
    return violated(`it has ${kinds.join(', ')}: ${counted(system.tools)}`, {
      remedy: 'build on a base without them, or copy the application alone into the last stage',
      places: items,
      notes: items.map(({ path, kind }) => `${path}: ${kind}`),
    });
  },
};

export const CACHES: NamedImageCheck = {
  id: 'IMG014',
  title: 'leaves no caches of package managers behind',
  severity: 'low',
  defaultMode: 'warn',
  references: ['DKL-DI-0004', 'DKL-DI-0005', 'DS-0015', 'DS-0019', 'DS-0020', 'DS-0025'],
  needs: ['system'],
  evaluate: ({ platform, system }) => {
    const { items } = system.caches;
    const steps = commandSteps(platform).filter(({ text }) => addsWithCache(text));
    if (items.length === 0 && steps.length === 0) return met('no package manager left a cache behind');
    const caches = items.map(({ path, files, bytes }) => `${path} (${files} files, ${bytes} bytes)`);
    return violated(
      shortList([...caches, ...steps.map((step) => `apk add without --no-cache in ${stepText(step)}`)], 3),
      {
        remedy:
          'clean up in the same RUN: rm -rf /var/lib/apt/lists/*, apk --no-cache, dnf clean all, pip --no-cache-dir, npm cache clean --force',
        places: items,
        notes: [...caches, ...steps.map(stepText)],
      },
    );
  },
};

/** `apk add` that keeps the index, in a step that does not delete it either. */
function addsWithCache(text: string): boolean {
  if (/\brm\s[^;&|]{0,200}\/var\/cache\/apk\b/.test(text)) return false;
  return shellCommands(text).some((command) => {
    const words = commandWords(command);
    return /(?:^|\/)apk$/.test(words[0] ?? '') && words.includes('add') && !words.includes('--no-cache');
  });
}

export const JUNK: NamedImageCheck = {
  id: 'IMG018',
  title: 'holds nothing that was copied in by mistake',
  severity: 'info',
  defaultMode: 'warn',
  references: ['DKL-LI-0003'],
  needs: ['system'],
  evaluate: ({ system }) => {
    if (system.junk.count === 0) return met('no files of version control, editors or builds are there');
    return violated(`what has no place in an image is there: ${counted(system.junk)}`, {
      remedy: 'list it in .dockerignore, or copy only what is needed',
      places: system.junk.items,
    });
  },
};

export const WRITABLE: NamedImageCheck = {
  id: 'IMG019',
  title: 'lets nobody but root change programs and system files',
  severity: 'medium',
  defaultMode: 'warn',
  references: ['CIS Docker', 'NSA Kubernetes hardening: immutable file systems'],
  needs: ['system'],
  evaluate: ({ system }) => {
    const { items, count } = system.writable;
    if (count === 0) return met('only root may write programs and folders of the system');
    const world = items.filter(({ by }) => by === 'world').length;
    const who =
      world === 0 ? 'the user it runs as' : world === items.length ? 'anybody' : 'anybody, or the user it runs as,';
    return violated(`${who} may write ${counted(system.writable)}`, {
      remedy: 'leave programs and system files to root: chown root and chmod go-w, COPY without --chown',
      places: items,
      notes: items.map(
        ({ path, by, onPath }) =>
          `${path}: writable by ${by === 'world' ? 'anybody' : 'its user'}${onPath ? ', on PATH' : ''}`,
      ),
    });
  },
};

/** By preload and variables alone: the search paths that programs themselves carry (rpath) are not read. */
export const PRELOADS: NamedImageCheck = {
  id: 'IMG021',
  title: 'loads no code from where others may write',
  severity: 'medium',
  defaultMode: 'deny',
  references: ['man ld.so(8)'],
  needs: ['system'],
  evaluate: ({ system }) => {
    const { preload, searched } = system;
    const folders = searched.items.filter(({ state }) => state === 'world-writable' || state === 'user-writable');
    const found = [
      ...(preload === null ? [] : [`${preload.path} has every program load more code`]),
      ...folders.map(({ variable, path, state }) => `${variable} leads to ${path}, which is ${state}`),
    ];
    if (found.length === 0) return met('no preload, and no variable leads to a folder that others may write');
    return violated(shortList(found), {
      remedy: 'remove the preload, and let the variables name folders of root alone',
      ...(preload === null ? {} : { places: [preload] }),
      notes: found,
    });
  },
};
