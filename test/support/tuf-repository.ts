import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

export type TufRole = 'root' | 'timestamp' | 'snapshot' | 'targets';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface TufKey {
  readonly id: string;
  readonly publicKey: JsonObject;
  readonly privateKey: KeyObject;
}

/** OLPC canonical JSON, which TUF signs: sorted members, no blanks, only quotes and backslashes escaped. */
function canonical(value: Json): string {
  if (typeof value === 'string') return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonical(item)).join(',')}]`;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${canonical(key)}:${canonical(member)}`).join(',')}}`;
}

export function makeTufKey(): TufKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  const json = { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: pem } };
  return { id: sha256(canonical(json)), publicKey: json, privateKey };
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Metadata as a mirror serves it, signed by `keys`. */
export function signTuf(signed: JsonObject, keys: readonly TufKey[]): Buffer {
  const bytes = Buffer.from(canonical(signed));
  const signatures = keys.map(({ id, privateKey }) => ({
    keyid: id,
    sig: sign('sha256', bytes, privateKey).toString('hex'),
  }));
  return Buffer.from(JSON.stringify({ signatures, signed }));
}

export interface TufSettings {
  readonly consistentSnapshot?: boolean;
  /** How many of the three root keys must sign. */
  readonly rootThreshold?: number;
  readonly now: Date;
}

const HOUR_MS = 3_600_000;

/** A TUF repository with real keys, whose files are a map that tests may spoil. */
export class TufRepository {
  /** What the mirror serves, by path. */
  readonly files = new Map<string, Buffer>();
  readonly keys: Record<TufRole, readonly TufKey[]>;
  readonly versions: Record<TufRole, number> = { root: 0, timestamp: 0, snapshot: 0, targets: 0 };
  readonly settings: TufSettings;
  targets = new Map<string, Buffer>();

  constructor(settings: TufSettings) {
    this.settings = settings;
    const one = (): readonly TufKey[] => [makeTufKey()];
    this.keys = { root: [makeTufKey(), makeTufKey(), makeTufKey()], timestamp: one(), snapshot: one(), targets: one() };
    this.addRoot();
  }

  /** The root that trust starts from. */
  get firstRoot(): Buffer {
    return this.files.get('1.root.json') ?? Buffer.alloc(0);
  }

  expires(hours: number): string {
    return new Date(this.settings.now.getTime() + hours * HOUR_MS).toISOString();
  }

  rootJson(change: JsonObject = {}): JsonObject {
    const all = Object.values(this.keys).flat();
    const role = (name: TufRole, threshold: number): JsonObject => ({
      keyids: this.keys[name].map(({ id }) => id),
      threshold,
    });
    return {
      _type: 'root',
      spec_version: '1.0.31',
      version: this.versions.root,
      expires: this.expires(24 * 365),
      consistent_snapshot: this.settings.consistentSnapshot ?? true,
      keys: Object.fromEntries(all.map(({ id, publicKey }) => [id, publicKey])),
      roles: {
        root: role('root', this.settings.rootThreshold ?? 2),
        timestamp: role('timestamp', 1),
        snapshot: role('snapshot', 1),
        targets: role('targets', 1),
      },
      ...change,
    };
  }

  /** The next root. Signed by the root keys, and by `alsoBy`, which is where keys that it replaces go. */
  addRoot(change: JsonObject = {}, alsoBy: readonly TufKey[] = []): void {
    this.versions.root += 1;
    const bytes = signTuf(this.rootJson(change), [...this.keys.root, ...alsoBy]);
    this.files.set(`${this.versions.root}.root.json`, bytes);
  }

  /** New keys for a role, and the root that says so. */
  rotate(role: TufRole): void {
    const old = this.keys[role];
    this.keys[role] = old.map(() => makeTufKey());
    this.addRoot({}, role === 'root' ? old : []);
  }

  /** Signs and serves targets, snapshot and timestamp anew; `changes` overrides members of what is signed. */
  publish(changes: Partial<Record<TufRole, JsonObject>> = {}): void {
    for (const role of ['targets', 'snapshot', 'timestamp'] as const) this.versions[role] += 1;
    const targets = this.put('targets', {
      targets: Object.fromEntries([...this.targets].map(([name, bytes]) => [name, described(bytes)])),
      expires: this.expires(24 * 90),
      ...changes.targets,
    });
    for (const [name, bytes] of this.targets) {
      this.files.set(
        this.settings.consistentSnapshot === false ? `targets/${name}` : `targets/${sha256(bytes)}.${name}`,
        bytes,
      );
    }
    const snapshot = this.put('snapshot', {
      meta: { 'targets.json': { version: this.versions.targets, ...described(targets) } },
      expires: this.expires(24 * 21),
      ...changes.snapshot,
    });
    this.put('timestamp', {
      meta: { 'snapshot.json': { version: this.versions.snapshot, ...described(snapshot) } },
      expires: this.expires(24 * 7),
      ...changes.timestamp,
    });
  }

  /** A new timestamp over the same snapshot, as repositories sign one every few days. */
  resign(change: JsonObject = {}): void {
    this.versions.timestamp += 1;
    const version = this.versions.snapshot;
    const snapshot = this.files.get(this.path('snapshot', version)) ?? Buffer.alloc(0);
    const meta = { 'snapshot.json': { version, ...described(snapshot) } };
    this.put('timestamp', { meta, expires: this.expires(24 * 7), ...change });
  }

  private put(role: Exclude<TufRole, 'root'>, members: JsonObject): Buffer {
    const version = this.versions[role];
    const bytes = signTuf({ _type: role, spec_version: '1.0.31', version, ...members }, this.keys[role]);
    this.files.set(this.path(role, version), bytes);
    return bytes;
  }

  path(role: Exclude<TufRole, 'root'>, version: number): string {
    const prefixed = role !== 'timestamp' && this.settings.consistentSnapshot !== false;
    return prefixed ? `${version}.${role}.json` : `${role}.json`;
  }
}

function described(bytes: Buffer): { readonly length: number; readonly hashes: { readonly sha256: string } } {
  return { length: bytes.byteLength, hashes: { sha256: sha256(bytes) } };
}
