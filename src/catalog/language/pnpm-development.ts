import { reached } from './reached.ts';

/** How many snapshots and dependencies may still be kept, of all lockfiles of an image. */
export interface PnpmBudget {
  left: number;
}

interface Graph {
  /** Keys of snapshots that importers need to run, and to be developed. */
  readonly production: string[];
  readonly development: string[];
  readonly snapshots: Map<string, string[]>;
}

/** Where the line being read stands. */
interface Place {
  section: 'importers' | 'snapshots' | undefined;
  /** Of the importer or snapshot, where its dependencies go; undefined outside of dependencies. */
  group: string[] | undefined;
  /** Key of the snapshot. */
  key: string;
  /** Name of the importer's dependency. */
  name: string;
}

/** `name@1.0.0(peer@2.0.0):`, `'@scope/name@1.0.0': {}`. */
const KEY = /^(?:'([^']+)'|([\w.~][^\s'"]*?)):(?: \{\})?$/;
/** `name:`, `'@scope/name': 1.0.0`. */
const NAME = /^(?:'([^']+)'|([\w.~][^\s'":]*)):(?: (.+))?$/;
/** `1.0.0(peer@2.0.0)`, `'@scope/other@1.0.0'`, `file:folder`. */
const REFERENCE = /^(?:'([^']+)'|([\w./]\S*))$/;

/**
 * What lockfiles of pnpm 9 and later no longer say beside each package: which ones only `devDependencies` of the importers reach. Hostile input; never
 * throws; time grows with the text.
 * @param budget what is kept is taken off
 * @returns names with versions (`name@1.0.0`); undefined where a line is not as pnpm writes it, or the budget does not suffice
 * @see https://github.com/pnpm/spec/blob/master/lockfile/9.0.md
 */
export function pnpmDevelopmentOnly(text: string, budget: PnpmBudget): ReadonlySet<string> | undefined {
  const graph: Graph = { production: [], development: [], snapshots: new Map() };
  const place: Place = { section: undefined, group: undefined, key: '', name: '' };
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    // most lines are of other sections
    if (place.section !== undefined || text.charCodeAt(start) !== 0x20) {
      if (!readLine(text.slice(start, end), place, { graph, budget }) || budget.left < 0) return undefined;
    }
    start = end + 1;
  }
  // what does not fit the platform is not installed, but still named
  const development = labels(reached(graph.development, graph.snapshots));
  for (const label of labels(reached(graph.production, graph.snapshots))) development.delete(label);
  return development;
}

/** @returns false when pnpm does not write such a line */
function readLine(line: string, place: Place, into: { readonly graph: Graph; readonly budget: PnpmBudget }): boolean {
  const text = line.trimStart();
  if (text === '') return true;
  const { graph, budget } = into;
  const indent = line.length - text.length;
  if (indent === 0) {
    place.section =
      text === 'importers:' || text === 'snapshots:' ? (text.slice(0, -1) as Place['section']) : undefined;
    place.group = undefined;
    return true;
  }
  if (place.section === undefined) return true;
  if (indent === 2) {
    place.group = undefined;
    // an importer is a folder, of whatever name
    if (place.section === 'importers') return /^[^?].*:(?: \{\})?$/.test(text);
    const key = KEY.exec(text);
    place.key = key?.[1] ?? key?.[2] ?? '';
    if (key !== null) keep(graph.snapshots, place.key, budget);
    return key !== null;
  }
  if (indent === 4) {
    const name = /^([A-Za-z]+):/.exec(text)?.[1];
    place.group = name === undefined || text.endsWith('{}') ? undefined : groupOf(name, place, graph);
    return name !== undefined;
  }
  return place.group === undefined || readDependency(text, indent, { place, group: place.group, budget });
}

function keep(snapshots: Graph['snapshots'], key: string, budget: PnpmBudget): void {
  budget.left -= 1;
  if (!snapshots.has(key)) snapshots.set(key, []);
}

function groupOf(name: string, { section, key }: Place, graph: Graph): string[] | undefined {
  const isRuntime = name === 'dependencies' || name === 'optionalDependencies';
  if (section === 'snapshots') return isRuntime ? graph.snapshots.get(key) : undefined;
  if (isRuntime) return graph.production;
  return name === 'devDependencies' ? graph.development : undefined;
}

function readDependency(
  text: string,
  indent: number,
  into: { readonly place: Place; readonly group: string[]; readonly budget: PnpmBudget },
): boolean {
  const { place, group, budget } = into;
  let value: string | undefined;
  if (indent === 6) {
    const name = NAME.exec(text);
    place.name = name?.[1] ?? name?.[2] ?? '';
    value = name?.[3];
    // an importer's has `specifier` and `version` below it
    if (name === null || (value === undefined) !== (place.section === 'importers')) return false;
  } else if (indent !== 8 || place.section !== 'importers') return false;
  else if (text.startsWith('version: ')) value = text.slice('version: '.length);
  // other projects of the workspace are importers themselves
  if (value === undefined || /^'?link:/.test(value)) return true;
  const match = REFERENCE.exec(value);
  if (match === null) return false;
  budget.left -= 1;
  group.push(snapshotKey(place.name, match[1] ?? match[2] ?? ''));
  return true;
}

/** A reference is a version, or a whole key where the package's own name is another one: there an `@` comes before any colon or bracket. */
function snapshotKey(name: string, reference: string): string {
  return reference.startsWith('@') || /^[^@:(]+@/.test(reference) ? reference : `${name}@${reference}`;
}

/** Without the peers that a snapshot was made for. */
function labels(keys: ReadonlySet<string>): Set<string> {
  return new Set([...keys].map((key) => key.split('(', 1)[0] ?? key));
}
