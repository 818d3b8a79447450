import { compareCodeUnits } from '../../core/index.ts';
import type { DpkgRecord } from './dpkg-database.ts';
import type { EdgeBudget } from '../edge-budget.ts';

/** One alternative of a dependency: `python3:any`. */
interface Wanted {
  readonly name: string;
  /** What follows the colon. */
  readonly qualifier: string | undefined;
}

/** Packages that stand for one name; far more than any real name has, so that edges stay linear in a hostile database. */
const MAX_CANDIDATES = 64;

const ALTERNATIVE = /^([A-Za-z0-9][A-Za-z0-9+._-]*)(?::([a-z0-9-]+))?$/;

/**
 * For each record the records it needs: Depends and Pre-Depends, every installed alternative; by name, else by what the installed ones provide.
 * Versions are not compared, as dpkg has done so.
 * @param budget bounds the work; when it is spent, the edges found so far are given
 * @returns indexes into `records`, sorted, without itself
 * @see https://www.debian.org/doc/debian-policy/ch-relationships.html
 */
export function dpkgDependencies(records: readonly DpkgRecord[], budget: EdgeBudget): readonly (readonly number[])[] {
  const byName = new Map<string, number[]>();
  const byProvided = new Map<string, number[]>();
  for (const [index, record] of records.entries()) {
    push(byName, record.name, index);
    for (const { name } of parseRelations(record.fields.get('provides'), budget)) push(byProvided, name, index);
  }
  const native = nativeArchitecture(records);
  const find = (wanted: Wanted, from: DpkgRecord): readonly number[] => {
    const fits = (index: number): boolean => satisfies(records[index]!, wanted, from, native);
    const candidates = byName.get(wanted.name) ?? [];
    const providers = byProvided.get(wanted.name) ?? [];
    if (!budget.take(candidates.length + providers.length)) return [];
    const named = candidates.filter(fits);
    return named.length > 0 ? preferOwn(named, from.architecture, records) : providers.filter(fits);
  };
  return records.map((record, self) => {
    const needed = new Set<number>();
    for (const field of ['pre-depends', 'depends']) {
      for (const wanted of parseRelations(record.fields.get(field), budget)) {
        for (const index of find(wanted, record)) needed.add(index);
      }
    }
    needed.delete(self);
    return [...needed].toSorted((a, b) => a - b);
  });
}

/** Of several architectures of one package, that of the dependent is the one it uses. */
function preferOwn(
  indexes: readonly number[],
  architecture: string | undefined,
  records: readonly DpkgRecord[],
): readonly number[] {
  const own = indexes.filter((index) => records[index]!.architecture === architecture);
  return own.length > 0 ? own : indexes;
}

function satisfies(candidate: DpkgRecord, wanted: Wanted, from: DpkgRecord, native: string | undefined): boolean {
  if (wanted.qualifier === 'any') return true;
  const architecture = candidate.architecture === 'all' ? native : candidate.architecture;
  if (wanted.qualifier !== undefined) {
    return architecture === (wanted.qualifier === 'native' ? native : wanted.qualifier);
  }
  if (candidate.fields.get('multi-arch') === 'foreign') return true;
  return architecture === (from.architecture === 'all' ? native : from.architecture);
}

/** The machine's own architecture is nowhere in the status file: that of dpkg itself, else the most frequent one. */
function nativeArchitecture(records: readonly DpkgRecord[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { name, architecture } of records) {
    if (architecture === undefined || architecture === 'all') continue;
    if (name === 'dpkg') return architecture;
    counts.set(architecture, (counts.get(architecture) ?? 0) + 1);
  }
  return [...counts].toSorted(([a, m], [b, n]) => n - m || compareCodeUnits(a, b))[0]?.[0];
}

/** `a (>= 1) | b:any [amd64], c`: all names, alternatives or not; what cannot be read is left out. */
function* parseRelations(field = '', budget: EdgeBudget): Generator<Wanted> {
  for (let start = 0; start < field.length && budget.take(1);) {
    let end = start;
    while (end < field.length && field[end] !== ',' && field[end] !== '|') end++;
    const alternative = field.slice(start, end).trim();
    const nameEnd = alternative.search(/[\s([<]/);
    const match = ALTERNATIVE.exec(nameEnd === -1 ? alternative : alternative.slice(0, nameEnd));
    if (match !== null) yield { name: match[1]!, qualifier: match[2] };
    start = end + 1;
  }
}

function push(map: Map<string, number[]>, key: string, value: number): void {
  const list = map.get(key);
  if (list !== undefined) {
    if (list.length < MAX_CANDIDATES) list.push(value);
  } else map.set(key, [value]);
}
