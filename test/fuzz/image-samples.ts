import { readdirSync } from 'node:fs';
import type { MemoryEntry } from '../support/memory-view.ts';
import type { CatalogFixtures } from '../catalog/fixtures/contract.ts';
import type { Random } from './random.ts';
import * as samples from './samples.ts';
import type { Sample } from './samples.ts';

export type Tree = Readonly<Record<string, MemoryEntry>>;

/** A small image, and who of the catalog it is for. */
export interface ImageSample {
  readonly id: string;
  readonly tree: Tree;
}

const FIXTURES = new URL('../catalog/fixtures/', import.meta.url);

/** Every good, edge and malformed fixture of every cataloger. */
export async function fixtureImages(): Promise<readonly ImageSample[]> {
  const images: ImageSample[] = [];
  for (const file of readdirSync(FIXTURES).toSorted()) {
    const id = file.slice(0, -'.ts'.length);
    if (id === 'contract') continue;
    const { fixtures } = (await import(new URL(file, FIXTURES).href)) as { readonly fixtures: CatalogFixtures };
    for (const [kind, fixture] of Object.entries(fixtures)) images.push({ id: `${id}/${kind}`, tree: fixture.files });
  }
  return images;
}

/** Files that real extractors read, by where they may lie. Those of the fixtures are stand-ins. */
const PLACES: readonly (readonly [string, Sample])[] = [
  ['usr/bin/hello', samples.elfSample],
  ['usr/bin/gotool', samples.goSample],
  ['usr/bin/python3.11', samples.elfSample],
  ['app/server', samples.graalvmSample],
  ['opt/tool', samples.dotnetSample],
  ['opt/Json.dll', samples.peSample],
  ['opt/mac', samples.machOSample],
  ['app/app-1.0.jar', samples.jarSample],
  ['app/lib/plugin.war', samples.jarSample],
  ['var/lib/rpm/Packages', samples.berkeleySample],
  ['var/lib/rpm/Packages.db', samples.ndbSample],
  ['var/lib/rpm/rpmdb.sqlite', samples.sqliteSample],
  ['var/lib/rpm/rpmdb.sqlite-wal', samples.sqliteSample],
  ['nix/var/nix/db/db.sqlite', samples.sqliteSample],
  ['var/lib/chisel/manifest.wall', samples.wallSample],
  ['var/lib/pacman/local/a-1-1/mtree', samples.mtreeSample],
];

/** An image of one to four programs, archives and databases. */
export async function programImage(random: Random): Promise<ImageSample> {
  const tree: Record<string, MemoryEntry> = { 'etc/os-release': random.pick(RELEASES) };
  for (let count = 1 + random.int(4); count > 0; count -= 1) {
    const [path, sample] = random.pick(PLACES);
    tree[path] = await sample(random);
  }
  return { id: 'programs', tree };
}

const RELEASES = ['ID=debian\nVERSION_ID="12"\n', 'ID=fedora\nVERSION_ID=40\n', 'ID=alpine\nVERSION_ID=3.19.1\n'];
