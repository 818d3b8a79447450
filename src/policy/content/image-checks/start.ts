import { met, violated, type NamedImageCheck } from './contract.ts';

const SHELLS = /(?:^|\/)(?:sh|bash|ash|dash|zsh|ksh|busybox|cmd|cmd\.exe|powershell|pwsh)$/;

const PROBLEM_WORDS = {
  missing: 'is not in the image',
  'not-a-file': 'is no file',
  'not-executable': 'may be executed by nobody',
  'no-interpreter': 'is a script whose interpreter is not in the image',
} as const;

export const STARTS: NamedImageCheck = {
  id: 'IMG026',
  title: 'starts a program that is there, without a shell around it',
  severity: 'medium',
  defaultMode: 'warn',
  references: ['Dockerfile reference: exec form of ENTRYPOINT'],
  needs: ['system'],
  evaluate: ({ platform, system }) => {
    const { entrypoint = [], cmd = [] } = platform.config;
    const words = entrypoint.length > 0 ? entrypoint : cmd;
    const { command } = system;
    if (command === null) {
      return violated('neither entrypoint nor command is set', { remedy: 'add ENTRYPOINT in exec form' });
    }
    const { program, problem, path, interpreter } = command;
    if (problem !== null) {
      const script = problem === 'no-interpreter' && interpreter !== undefined ? ` (${interpreter})` : '';
      return violated(`${program || 'an empty word'} ${PROBLEM_WORDS[problem]}${script}`, {
        remedy: 'copy the program into the image, make it executable, and name it by its path',
        notes: path === null ? [] : [`it leads to ${path}`],
      });
    }
    // `sh -c` around the program keeps signals from it; `exec` in the line gives it the shell's place
    const [first = '', second = '', line = ''] = words;
    if (SHELLS.test(first) && /^[-/][a-z]*c$/i.test(second) && !/^\s*exec\s/.test(line)) {
      return violated(`${words.slice(0, 3).join(' ').slice(0, 200)} starts a shell, which does not pass signals on`, {
        remedy: 'write ENTRYPOINT and CMD as a list, or begin the line with exec',
      });
    }
    return met(`${path ?? program} is there and can be executed`);
  },
};
