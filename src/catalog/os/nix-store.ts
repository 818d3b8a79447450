import { findTable, openSqlite, readTable, rowValues, sqliteText } from '../../formats/index.ts';

/** A store path's name taken apart. */
export interface NixName {
  /** The part of the path that stands for all inputs: 32 characters. */
  readonly hash: string;
  readonly name: string;
  readonly version: string | undefined;
  /** `bin`, `dev`, ...; absent for the main output. */
  readonly output: string | undefined;
}

const STORE_NAME = /^([0-9a-df-np-sv-z]{32})-([A-Za-z0-9+._?=-]{1,211})$/;
/** Outputs that derivations have by custom; other last words belong to the version. */
const OUTPUTS: ReadonlySet<string> = new Set(
  'bin dev doc devdoc man devman info lib libgcc libdev static debug out data locale terminfo dist tools getent'.split(
    ' ',
  ),
);

/**
 * Takes apart the last segment of a store path, as Nix itself does: the version begins after the first dash that no letter follows. undefined when it is none.
 * @see https://nix.dev/manual/nix/latest/language/builtins#builtins-parseDrvName
 */
export function parseNixName(segment: string): NixName | undefined {
  const match = STORE_NAME.exec(segment);
  if (match === null) return undefined;
  const [, hash = '', full = ''] = match;
  const dash = full.search(/-[^A-Za-z]/);
  const name = dash > 0 ? full.slice(0, dash) : full;
  const rest = dash > 0 ? full.slice(dash + 1) : '';
  const last = rest.lastIndexOf('-');
  const output = last > 0 && OUTPUTS.has(rest.slice(last + 1)) ? rest.slice(last + 1) : undefined;
  const version = output === undefined ? rest : rest.slice(0, last);
  return { hash, name, version: version === '' ? undefined : version, output };
}

/** What Nix's database says of one store path. */
export interface NixPathRecord {
  /** Digest of the path's serialisation: `sha256:` and hex. */
  readonly narHash?: string;
  /** Store path of the derivation that made it. */
  readonly deriver?: string;
  /** Store paths it refers to. */
  readonly references: readonly string[];
}

export interface NixDatabase {
  readonly paths: ReadonlyMap<string, NixPathRecord>;
  /** For people: what of it was not read; at most 100. */
  readonly problems: readonly string[];
}

const MAX_ROWS = 2_000_000;
const MAX_ROW_BYTES = 64 * 1024;
const MAX_PROBLEMS = 100;

/** Reads the tables ValidPaths and Refs of Nix's database; no SQL is evaluated. Hostile input: never throws, bounded. */
export function readNixDatabase(bytes: Uint8Array, log?: Uint8Array): NixDatabase {
  const { pages, problems: opening } = openSqlite(bytes, log);
  const problems = [...opening];
  const byId = new Map<
    number,
    { readonly path: string; readonly record: NixPathRecord; readonly references: string[] }
  >();
  let rows = 0;
  const eachRow = (
    table: string,
    columns: number,
    take: (id: number, values: ReturnType<typeof rowValues>) => void,
  ): void => {
    if (pages === undefined) return;
    const { root, problems: damages } = findTable(pages, table);
    problems.push(...damages.slice(0, MAX_PROBLEMS));
    if (root === undefined) problems.push(`there is no table ${table}`);
    else {
      for (const row of readTable(pages, root, MAX_ROW_BYTES)) {
        rows += 1;
        if (rows > MAX_ROWS) return;
        if ('problem' in row) {
          if (problems.length < MAX_PROBLEMS) problems.push(row.problem);
        } else take(row.rowId, rowValues(row.payload, columns));
      }
    }
  };
  eachRow('validpaths', 5, (id, values) => {
    const path = sqliteText(values?.[1]);
    const narHash = sqliteText(values?.[2]);
    const deriver = sqliteText(values?.[4]);
    const references: string[] = [];
    const record = {
      ...(/^sha256:[0-9a-f]{64}$/.test(narHash) ? { narHash } : {}),
      ...(/^\/nix\/store\/[\w+.?=-]{1,255}$/.test(deriver) ? { deriver } : {}),
      references,
    };
    byId.set(id, { path, record, references });
  });
  eachRow('refs', 2, (_id, values) => {
    const [referrer, reference] = values ?? [];
    const from = typeof referrer === 'number' ? byId.get(referrer) : undefined;
    const to = typeof reference === 'number' ? byId.get(reference) : undefined;
    if (from !== undefined && to !== undefined && from !== to) from.references.push(to.path);
  });
  if (rows > MAX_ROWS) problems.push('it has more rows than any real database; the rest is not read');
  return { paths: new Map([...byId.values()].map(({ path, record }) => [path, record])), problems };
}
