import type { NpmLabels, NpmOrigin } from './npm-labels.ts';

/** `  /@scope/name/1.0.0:`, `  /name@1.0.0(peer@2.0):`, `  'name@1.0.0':` of the versions of pnpm's lockfile. */
const REGISTRY_KEY = /^'?\/?((?:@[\w.-]+\/)?[\w.-]+)[@/](\d[\w.+-]*?)(?:[(_][^:]*)?'?:$/;
/** `name@https://…:`, `'@scope/name@git+ssh://…':`, `name@file:…:` of version 9; earlier ones keep the name in a field. */
const OTHER_KEY = /^'?((?:@[\w.-]+\/)?[\w.-]+)@((?:git@|[a-z][a-z+]*:)[^']+)'?:$/;
/** `resolution: {…}`, or its members on lines of their own. */
const RESOLUTION = /^ {4}(?:resolution: \{(.*)\}$| {2}(\w+: .*)$)/;
const MEMBER = /(?:^|, )(integrity|tarball|repo|commit|directory): (?:'([^']*)'|(.+?))(?=, \w+: |$)/g;
const FIELD = /^ {4}(name|version|dev): (?:'([^']*)'|(\S+))$/;
const MAX_LINE = 4096;

interface Block {
  readonly key: string;
  readonly fields: Map<string, string>;
}

/**
 * Reads `node_modules/.pnpm/lock.yaml`. pnpm writes it itself, one way only: reading line by line is exact and twenty times as fast as a parser of YAML.
 * Hostile input: never throws, linear time.
 * @param development what only development needs, where the lockfile does not say it beside each package
 */
export function readPnpmLock(text: string, development: ReadonlySet<string>): NpmLabels {
  const registry = new Map<string, NpmOrigin>([...development].map((label) => [label, { dev: true }]));
  const other = new Map<string, NpmOrigin>();
  let inPackages = false;
  let block: Block | undefined;
  const close = (): void => {
    if (block !== undefined) addBlock(block, { registry, other, development });
    block = undefined;
  };
  for (const line of text.split('\n')) {
    if (/^\S/.test(line)) {
      close();
      inPackages = line.startsWith('packages:');
    } else if (inPackages && /^ {2}\S/.test(line)) {
      close();
      block = line.length < MAX_LINE ? { key: line.slice(2), fields: new Map() } : undefined;
    } else if (block !== undefined && line.length < MAX_LINE) addField(line, block.fields);
  }
  close();
  return { registry, other };
}

function addField(line: string, fields: Map<string, string>): void {
  if (!line.startsWith('    ')) return;
  const field = FIELD.exec(line);
  if (field !== null) fields.set(field[1]!, field[2] ?? field[3] ?? '');
  const resolution = RESOLUTION.exec(line);
  for (const [, name = '', quoted, plain = ''] of (resolution?.[1] ?? resolution?.[2] ?? '').matchAll(MEMBER)) {
    if (!fields.has(name)) fields.set(name, quoted ?? plain);
  }
}

function addBlock(
  { key, fields }: Block,
  into: {
    readonly registry: Map<string, NpmOrigin>;
    readonly other: Map<string, NpmOrigin>;
    readonly development: ReadonlySet<string>;
  },
): void {
  const published = REGISTRY_KEY.exec(key);
  const integrity = fields.get('integrity');
  const isDev = fields.get('dev') === 'true';
  if (published !== null) {
    const label = `${published[1]}@${published[2]}`;
    const before = into.registry.get(label);
    const origin = { ...(integrity === undefined ? {} : { integrity }), ...(isDev ? { dev: true } : {}) };
    if (Object.keys(origin).length > 0) into.registry.set(label, { ...before, ...origin });
    return;
  }
  const named = OTHER_KEY.exec(key);
  const [name, version] = [fields.get('name') ?? named?.[1], fields.get('version')];
  const resolved = addressOf(fields);
  if (name === undefined || resolved === undefined) return;
  const isForDevelopment =
    isDev || (named !== null && into.development.has(`${named[1]}@${named[2]?.split('(', 1)[0]}`));
  // a folder's version is not written down: its own manifest has it
  into.other.set(version === undefined ? name : `${name}@${version}`, {
    resolved,
    ...(integrity === undefined ? {} : { integrity }),
    ...(isForDevelopment ? { dev: true } : {}),
  });
}

function addressOf(fields: ReadonlyMap<string, string>): string | undefined {
  const [repo, commit] = [fields.get('repo'), fields.get('commit')];
  if (repo !== undefined && commit !== undefined) return `${/^git[@+:]/.test(repo) ? '' : 'git+'}${repo}#${commit}`;
  const directory = fields.get('directory');
  return fields.get('tarball') ?? (directory === undefined ? undefined : `file:${directory}`);
}
