import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { rustCataloger } from '../../../src/catalog/language/rust.ts';
import type { CatalogResult } from '../../../src/catalog/index.ts';
import { packagePurl } from '../../../src/packages/index.ts';
import { memoryView } from '../../support/memory-view.ts';
import { findPeer, missingPeers } from '../../support/peers.ts';

/** Crates of the registry, one that only the build needs, one of a feature, and one in a folder. */
const SOURCES: Readonly<Record<string, string>> = {
  'Cargo.toml':
    '[package]\nname = "shop"\nversion = "0.3.1"\nedition = "2021"\n\n[dependencies]\nitoa = "=1.0.11"\nscopeguard = { version = "=1.2.0", default-features = false }\nbeside = { path = "beside" }\n\n[build-dependencies]\nautocfg = "=1.3.0"\n\n[dev-dependencies]\ncfg-if = "=1.0.0"\n\n[profile.dev]\ndebug = 0\n\n[profile.release]\nopt-level = 0\nstrip = true\n',
  'build.rs': 'fn main() { autocfg::rerun_path("build.rs"); }\n',
  'src/main.rs':
    'fn main() { let _guard = scopeguard::guard(1, |_| ()); println!("{}", itoa::Buffer::new().format(beside::x())); }\n',
  'beside/Cargo.toml':
    '[package]\nname = "beside"\nversion = "1.0.0"\nedition = "2021"\n\n[dependencies]\nryu = "=1.0.18"\n',
  'beside/src/lib.rs': 'pub fn x() -> i32 { ryu::Buffer::new().format(1.0f64).len() as i32 }\n',
};

/** `cargo metadata` as far as it is compared. */
interface Metadata {
  readonly packages: readonly {
    readonly id: string;
    readonly name: string;
    readonly version: string;
    readonly source: string | null;
  }[];
  readonly resolve: {
    readonly root: string;
    readonly nodes: readonly {
      readonly id: string;
      readonly deps: readonly {
        readonly pkg: string;
        readonly dep_kinds: readonly { readonly kind: string | null }[];
      }[];
    }[];
  };
}

const folder = mkdtempSync(join(tmpdir(), 'waybill-rust-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function cargo(args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const peers = dirname(findPeer('cargo-auditable') ?? '.');
  const program = findPeer('cargo') ?? join(homedir(), '.cargo/bin/cargo');
  const env = {
    ...process.env,
    PATH: [process.env['PATH'] ?? '', peers].join(delimiter),
    CARGO_HOME: join(folder, 'home'),
  };
  return spawnSync(program, [...args], { cwd: join(folder, 'shop'), env, encoding: 'utf8', timeout: 300_000 });
}

function catalog(files: Readonly<Record<string, Uint8Array>>): CatalogResult {
  return rustCataloger.catalog({
    view: memoryView(files, { captures: rustCataloger.captures }),
    distribution: undefined,
  });
}

/** What `cargo metadata` says is linked into the program: `name@version` and its edges. */
function expected(metadata: Metadata): ReadonlyMap<string, readonly string[]> {
  const label = new Map(metadata.packages.map(({ id, name, version }) => [id, `${name}@${version}`]));
  const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
  const found = new Map<string, readonly string[]>();
  const pending = [metadata.resolve.root];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (found.has(label.get(id)!)) continue;
    const targets = (nodes.get(id)?.deps ?? [])
      .filter(({ dep_kinds: kinds }) => kinds.some(({ kind }) => kind === null))
      .map(({ pkg }) => pkg);
    found.set(label.get(id)!, targets.map((target) => label.get(target)!).toSorted());
    pending.push(...targets);
  }
  return found;
}

describe('rustCataloger against cargo', { skip: missingPeers('cargo', 'cargo-auditable') }, () => {
  it('finds what cargo metadata says is linked, with its edges, in a stripped program', (context) => {
    for (const [name, text] of Object.entries(SOURCES)) {
      mkdirSync(dirname(join(folder, 'shop', name)), { recursive: true });
      writeFileSync(join(folder, 'shop', name), text);
    }
    const fetched = cargo(['fetch', '--quiet']);
    if (fetched.status !== 0) return context.skip(`crates cannot be fetched: ${fetched.stderr.slice(0, 200)}`);
    const built = cargo(['auditable', 'build', '--release', '--quiet', '--offline']);
    assert.equal(built.status, 0, built.stderr);
    const metadata = JSON.parse(cargo(['metadata', '--format-version=1', '--offline']).stdout) as Metadata;
    const program = readFileSync(join(folder, 'shop/target/release/shop'));
    const { packages, diagnostics, notes } = catalog({ 'usr/bin/shop': program });
    assert.deepEqual([diagnostics, notes], [[], []]);
    const label = new Map(packages.map(({ id, name, version }) => [id, `${name}@${version}`]));
    const found = packages.map(
      (pkg) => [label.get(pkg.id)!, pkg.dependsOn.map((id) => label.get(id)!).toSorted()] as const,
    );
    assert.deepEqual(new Map(found), expected(metadata));
    for (const pkg of packages) {
      const { source } = metadata.packages.find(({ name }) => name === pkg.name)!;
      assert.equal(packagePurl(pkg), source === null ? undefined : `pkg:cargo/${pkg.name}@${pkg.version}`);
    }
    assert.deepEqual(packages.find(({ kind }) => kind === 'application')?.files, ['/usr/bin/shop']);
    compareWithAuditInfo(packages.map(({ name, version }) => `${name} ${version}`));

    const plain = cargo(['build', '--quiet', '--offline']);
    assert.equal(plain.status, 0, plain.stderr);
    const other = catalog({ 'usr/bin/shop': readFileSync(join(folder, 'shop/target/debug/shop')) });
    assert.deepEqual(other.packages, []);
    assert.deepEqual(
      other.notes?.map(({ code, path }) => `${code} ${path}`),
      ['rust-without-crates /usr/bin/shop'],
    );
    assert.match(other.notes?.[0]?.facts?.['rustc'] ?? '', /^1\.\d+\.\d+/);
  });
});

/** The format's own reader, where it is there: its list is of crates of all kinds. */
function compareWithAuditInfo(found: readonly string[]): void {
  const program = findPeer('rust-audit-info');
  if (program === undefined) return;
  const run = spawnSync(program, [join(folder, 'shop/target/release/shop')], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  const list = JSON.parse(run.stdout) as {
    readonly packages: readonly { name: string; version: string; kind?: string }[];
  };
  const linked = list.packages.filter(({ kind }) => kind !== 'build').map(({ name, version }) => `${name} ${version}`);
  assert.deepEqual([...found].toSorted(), linked.toSorted());
}
