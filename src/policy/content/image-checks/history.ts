import type { PlatformView } from '../../../evidence/index.ts';

/** One step of an image's history, as far as its words tell. Hostile: the history is free text that the builder wrote. */
export interface HistoryStep {
  readonly index: number;
  /** In capitals: `RUN`, `ADD`, `COPY`, `ENV`, `ARG`; undefined for text that follows no builder's form. */
  readonly instruction: string | undefined;
  /** What follows it; for RUN the shell's command. At most 16 KiB of it. */
  readonly text: string;
  /** Build arguments that BuildKit notes before a command (`|2 A=1 B=2 /bin/sh -c`). */
  readonly args: readonly string[];
}

const MAX_TEXT = 16 * 1024;
const SHELL = /^(?:\/[\w./-]{1,64}\/)?(?:sh|bash|ash|dash|cmd|powershell)(?:\.exe)? (?:-[a-z]+ )+/;

/** The steps of a history: Docker's (`/bin/sh -c #(nop) ADD file:x in /`), BuildKit's (`RUN /bin/sh -c x # buildkit`), buildah's. */
export function historySteps({ config }: PlatformView): readonly HistoryStep[] {
  return config.history.map(({ createdBy = '' }, index) => parseStep(createdBy.slice(0, MAX_TEXT), index));
}

/** The steps that run a command, or may: their text follows no builder's form. */
export function commandSteps(platform: PlatformView): readonly HistoryStep[] {
  return historySteps(platform).filter(({ instruction }) => instruction === 'RUN' || instruction === undefined);
}

function parseStep(line: string, index: number): HistoryStep {
  const text = line.replace(/ # buildkit$/, '').trim();
  const nop = text.indexOf('#(nop)');
  if (nop >= 0 && nop < 80) {
    const [, instruction, rest = ''] = /^\s*([A-Z]{2,16})\b([^]*)$/.exec(text.slice(nop + 6)) ?? [];
    return { index, instruction, text: rest.trim(), args: [] };
  }
  const [, instruction, rest = ''] =
    /^(RUN|ADD|COPY|ENV|ARG|USER|CMD|ENTRYPOINT|EXPOSE|VOLUME|WORKDIR|LABEL|HEALTHCHECK|SHELL|STOPSIGNAL|ONBUILD|FROM)\s([^]*)$/.exec(
      text,
    ) ?? [];
  if (instruction !== undefined && instruction !== 'RUN') return { index, instruction, text: rest.trim(), args: [] };
  const { args, command } = splitArgs(instruction === undefined ? text : rest.trim());
  const isCommand = instruction === 'RUN' || args.length > 0 || SHELL.test(command);
  return { index, instruction: isCommand ? 'RUN' : undefined, text: command.replace(SHELL, ''), args };
}

/** Arguments before a command; values may hold blanks, so that only as many are taken as the number says, each up to the next name. */
function splitArgs(text: string): { readonly args: readonly string[]; readonly command: string } {
  const [, count, rest = ''] = /^\|([0-9]{1,4}) ([^]*)$/.exec(text) ?? [];
  if (count === undefined) return { args: [], command: text };
  const shell = /(?:^| )(?:\/[\w./-]{1,64}\/)?(?:sh|bash|ash|dash) (?:-[a-z]+ )+/.exec(rest);
  const end = shell === null ? rest.length : shell.index;
  const args = rest.slice(0, end).split(/ (?=[A-Za-z_][A-Za-z0-9_]*=)/);
  return { args, command: rest.slice(end).trim() };
}

/** The commands of a shell line, one after another, as far as separators tell; quotes are not read. */
export function shellCommands(text: string): readonly string[] {
  return text
    .split(/&&|\|\||[;|\n&]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** The words of a command without variables set before it and what only carries it (`sudo`, `exec`, `time`). */
export function commandWords(command: string): readonly string[] {
  const words = command.split(/\s+/);
  const start = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word) && !CARRIERS.has(word));
  return start < 0 ? [] : words.slice(start);
}

const CARRIERS: ReadonlySet<string> = new Set([
  'exec',
  'time',
  'env',
  'eval',
  'then',
  'do',
  'else',
  'if',
  '!',
  '{',
  '(',
  'set',
  '-x',
  '-e',
  '-ex',
  '-eux',
  '-eu',
]);

/** A step in words, cut for messages. */
export function stepText({ index, instruction, text }: HistoryStep): string {
  return `step ${index + 1}: ${instruction === undefined ? '' : `${instruction} `}${text.slice(0, 160)}`;
}
