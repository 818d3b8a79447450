import type { AuthorityView, LogView, TrustedRootView } from '../../verification/index.ts';

/** An authority or log that differs between two trusted roots. */
export interface TrustChange {
  readonly change: 'added' | 'removed' | 'changed';
  readonly kind: TrustEntry['kind'];
  readonly uri?: string;
  readonly keyId: string;
  /** What changed, in words; for `changed` only. */
  readonly detail?: string;
}

export type TrustEntry = AuthorityView | LogView;

/** What came, went and changed, in the order of the newer root, then what went. Entries are the same when kind, key and start are. */
export function compareTrust(
  before: readonly TrustedRootView[],
  after: readonly TrustedRootView[],
): readonly TrustChange[] {
  const old = entriesOf(before);
  const current = entriesOf(after);
  const changes: TrustChange[] = [];
  for (const [key, entry] of current) {
    const known = old.get(key);
    if (known === undefined) changes.push({ change: 'added', ...namesOf(entry) });
    else {
      const detail = differences(known, entry).join('; ');
      if (detail !== '') changes.push({ change: 'changed', ...namesOf(entry), detail });
    }
  }
  for (const [key, entry] of old) if (!current.has(key)) changes.push({ change: 'removed', ...namesOf(entry) });
  return changes;
}

function entriesOf(roots: readonly TrustedRootView[]): ReadonlyMap<string, TrustEntry> {
  const entries = roots.flatMap(({ authorities, logs }): readonly TrustEntry[] => [...authorities, ...logs]);
  return new Map(entries.map((entry) => [JSON.stringify([entry.kind, entry.keyId, entry.validity.from]), entry]));
}

function namesOf({ kind, uri, keyId }: TrustEntry): Pick<TrustChange, 'kind' | 'uri' | 'keyId'> {
  return { kind, ...(uri === undefined ? {} : { uri }), keyId };
}

function differences(before: TrustEntry, after: TrustEntry): readonly string[] {
  const changed = (what: string, old: string | undefined, now: string | undefined): readonly string[] =>
    old === now ? [] : [`${what}: ${old ?? 'none'} -> ${now ?? 'none'}`];
  return [
    ...changed('valid until', before.validity.until, after.validity.until),
    ...changed('address', before.uri, after.uri),
    ...changed('operator', before.operator, after.operator),
    ...changed('certificates', fingerprintsOf(before), fingerprintsOf(after)),
  ];
}

function fingerprintsOf(entry: TrustEntry): string | undefined {
  return 'chain' in entry ? entry.chain.map(({ fingerprint }) => fingerprint).join(' ') : undefined;
}
