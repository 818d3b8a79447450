/** One module as a build information line names it. */
export interface GoModule {
  readonly path: string;
  /** As written: `v1.2.3`, `(devel)`, or ''. */
  readonly version: string;
  /** `h1:` dirhash of the module's zip. */
  readonly sum?: string;
  /** What was built in its place. */
  readonly replacement?: GoModule;
}

/** The lines of a Go program's build information. */
export interface GoModInfo {
  /** Import path of the main package. */
  readonly packagePath: string | undefined;
  readonly main: GoModule | undefined;
  readonly dependencies: readonly GoModule[];
  readonly settings: ReadonlyMap<string, string>;
  /** There are more modules than the 20,000 that are kept. */
  readonly truncated: boolean;
}

const MAX_FIELD_CHARS = 4096;
/** The largest programs known link some two thousand. */
const MAX_MODULES = 20_000;
const MAX_SETTINGS = 1000;

/**
 * Reads the lines that Go's linker wrote. Hostile text; lines it does not know are passed over. Never throws.
 * @see https://pkg.go.dev/runtime/debug#ParseBuildInfo
 */
export function parseGoModInfo(text: string): GoModInfo {
  let packagePath: string | undefined;
  let main: GoModule | undefined;
  const dependencies: GoModule[] = [];
  const settings = new Map<string, string>();
  let last: 'main' | 'dependency' | undefined;
  let truncated = false;
  for (const line of text.split('\n')) {
    const tab = line.indexOf('\t');
    if (tab === -1) continue;
    const kind = line.slice(0, tab);
    const rest = line.slice(tab + 1);
    if (kind === 'path') packagePath = rest.slice(0, MAX_FIELD_CHARS);
    else if (kind === 'mod') {
      main = moduleOf(rest);
      last = 'main';
    } else if (kind === 'dep') {
      truncated = dependencies.length >= MAX_MODULES;
      if (truncated) break;
      dependencies.push(moduleOf(rest));
      last = 'dependency';
    } else if (kind === '=>') {
      const replacement = moduleOf(rest);
      const replaced = dependencies.at(-1);
      if (last === 'main' && main !== undefined) main = { ...main, replacement };
      else if (last === 'dependency' && replaced !== undefined)
        dependencies[dependencies.length - 1] = { ...replaced, replacement };
      last = undefined;
    } else if (kind === 'build' && settings.size < MAX_SETTINGS) addSetting(settings, rest);
  }
  return { packagePath, main, dependencies, settings, truncated };
}

function moduleOf(fields: string): GoModule {
  const [path = '', version = '', sum = ''] = fields.split('\t', 3).map((field) => field.slice(0, MAX_FIELD_CHARS));
  return { path, version, ...(sum === '' ? {} : { sum }) };
}

/** `key=value`, either of them in Go's double quotes when it has odd characters. */
function addSetting(settings: Map<string, string>, text: string): void {
  let equals = text.indexOf('=');
  if (text.startsWith('"')) {
    const end = quotedEnd(text);
    if (end === undefined || text[end] !== '=') return;
    equals = end;
  }
  if (equals <= 0) return;
  settings.set(unquote(text.slice(0, equals)), unquote(text.slice(equals + 1)));
}

function quotedEnd(text: string): number | undefined {
  for (let index = 1; index < text.length; index += 1) {
    if (text[index] === '\\') index += 1;
    else if (text[index] === '"') return index + 1;
  }
  return undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** strconv.Quote undone; text without quotes is returned as it is. */
function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  return text
    .slice(1, -1)
    .replace(
      /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([abfnrtv\\"']))/g,
      (_, hex?: string, unicode?: string, char?: string) => {
        const code = hex ?? unicode;
        if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
        return ESCAPES[char ?? ''] ?? char ?? '';
      },
    );
}
