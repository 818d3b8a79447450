import type { CaptureRule, FileView } from '../../filesystem/index.ts';
import { findProgram, pathFolders } from './search-path.ts';
import { readHits } from './secrets.ts';
import type { CommandFact } from './types.ts';

/** What of an image's configuration says how it runs. */
export interface RunConfig {
  readonly env: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly workingDirectory?: string;
  readonly user?: string;
}

const RULE = 'system/command';
const MAX_NAME = 255;

/** The program that starts; undefined when the configuration names none. */
export function firstWord({ entrypoint = [], cmd = [] }: RunConfig): string | undefined {
  return entrypoint.length > 0 ? entrypoint[0] : cmd[0];
}

/** First lines of files that have the program's name: they say what interprets a script. Nothing for a configuration without a program. */
export function commandCapture(config: RunConfig): readonly CaptureRule[] {
  const name = firstWord(config)?.split('/').at(-1) ?? '';
  if (name === '' || name.length > MAX_NAME) return [];
  const line = (id: string, needle: string, start: string) => ({
    id,
    needle,
    pattern: `${start}(?<name>/[^ \\t\\r\\n]{1,255})(?:[ \\t]{1,8}(?<value>[^\\r\\n]{1,250}))?`,
    before: 0,
    after: 520,
  });
  const patterns = [line('direct', '#!/', '#!'), line('blank', '#! ', '#![ \\t]{1,8}')];
  return [{ id: RULE, names: [name], extract: { kind: 'patterns', patterns }, maxBytes: 1024 * 1024 * 1024 }];
}

/**
 * Whether what a container starts is there and can be executed, links followed; of a script also its interpreter, where its first line was captured. What the
 * program itself needs (libraries, its loader) is not looked at.
 */
export function commandFact(view: FileView, config: RunConfig): CommandFact | null {
  const program = firstWord(config);
  if (program === undefined) return null;
  const { workingDirectory } = config;
  const from = { folders: pathFolders(config.env, workingDirectory), workingDirectory };
  const entry = program === '' ? undefined : findProgram(view, program, from);
  if (entry === undefined) return { program, path: null, problem: 'missing' };
  const path = `/${entry.path}`;
  if (entry.type !== 'file') return { program, path, problem: 'not-a-file' };
  if ((entry.mode & 0o111) === 0) return { program, path, problem: 'not-executable' };
  const shebang = readShebang(view, entry.path);
  if (shebang === undefined) return { program, path, problem: null };
  const interpreter = shebang.script ?? shebang.interpreter;
  const found = [shebang.interpreter, ...(shebang.script === undefined ? [] : [shebang.script])].every((name) => {
    const target = findProgram(view, name, from);
    return target?.type === 'file' && (target.mode & 0o111) !== 0;
  });
  return { program, path, problem: found ? null : 'no-interpreter', interpreter };
}

/** The interpreter of a script; `script` is what `env` is to look for. */
function readShebang(
  view: FileView,
  path: string,
): { readonly interpreter: string; readonly script?: string } | undefined {
  const captured = view.captured(RULE).find(({ entry }) => entry.path === path);
  if (captured === undefined) return undefined;
  const hit = readHits(captured.bytes).find(({ offset }) => offset === 0);
  if (hit?.name === undefined) return undefined;
  if (hit.name.split('/').at(-1) !== 'env') return { interpreter: hit.name };
  const script = (hit.value ?? '')
    .split(/[ \t]+/)
    .find((word) => word !== '' && !word.startsWith('-') && !word.includes('='));
  return script === undefined ? { interpreter: hit.name } : { interpreter: hit.name, script };
}
