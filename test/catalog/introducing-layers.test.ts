import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { capturePlan, runCatalogers, withIntroducingLayers } from '../../src/catalog/index.ts';
import { apkCataloger } from '../../src/catalog/os/apk.ts';
import { rpmCataloger } from '../../src/catalog/os/rpm.ts';
import { squash } from '../../src/filesystem/index.ts';
import { stackOf } from '../support/layer-fixtures.ts';
import { ndbDatabase, rpmPackage, RPM_SCHEMA, withSqlite } from '../support/rpm-database.ts';
import { readFileSync } from 'node:fs';

type Layers = Parameters<typeof stackOf>[0];

const CATALOGERS = [apkCataloger, rpmCataloger];

/** Name and version of each package with the layer that brought it. */
async function layersOf(layers: Layers): Promise<Readonly<Record<string, number | undefined>>> {
  const stack = await stackOf(layers, capturePlan(CATALOGERS));
  const { packages } = runCatalogers({ view: squash(stack), catalogers: CATALOGERS, rethrow: true });
  const told = withIntroducingLayers(stack, packages);
  return Object.fromEntries(
    told.map(({ name, version, introducedLayer, locations }) => [
      `${name} ${version}`,
      introducedLayer ?? locations[0]?.layer,
    ]),
  );
}

const apk = (...packages: readonly string[]): string =>
  packages.map((text) => `P:${text.split(' ')[0]}\nV:${text.split(' ')[1]}\n\n`).join('');
const INSTALLED = 'lib/apk/db/installed';

describe('withIntroducingLayers', () => {
  it('gives apk’s packages the layer after which their record was first there and stayed', async () => {
    assert.deepEqual(
      await layersOf([
        { [INSTALLED]: apk('musl 1', 'busybox 1', 'back 1') },
        { 'other/file': '' },
        { [INSTALLED]: apk('musl 1', 'busybox 2', 'curl 1') },
        { [INSTALLED]: apk('musl 1', 'busybox 2', 'curl 1', 'back 1') },
      ]),
      { 'musl 1': 0, 'busybox 2': 2, 'curl 1': 2, 'back 1': 3 },
    );
  });

  it('reads rpm’s databases, two versions of a package and its log', async () => {
    const path = 'var/lib/rpm/Packages.db';
    const kernel = (version: string): Buffer => rpmPackage('kernel', { version });
    assert.deepEqual(
      await layersOf([
        { [path]: ndbDatabase([rpmPackage('glibc'), kernel('5')]) },
        { [path]: ndbDatabase([rpmPackage('glibc'), kernel('5'), kernel('6')]) },
      ]),
      { 'glibc 1.0-1.el9': 0, 'kernel 5-1.el9': 0, 'kernel 6-1.el9': 1 },
    );
    const [before, log] = withSqlite(
      (database) => {
        database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0');
        database.exec(RPM_SCHEMA);
        database.prepare('INSERT INTO Packages (blob) VALUES (?)').run(rpmPackage('old'));
        database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
        database.prepare('INSERT INTO Packages (blob) VALUES (?)').run(rpmPackage('new'));
      },
      (file) => [readFileSync(file), readFileSync(`${file}-wal`)] as const,
    );
    const sqlite = 'usr/lib/sysimage/rpm/rpmdb.sqlite';
    assert.deepEqual(await layersOf([{ [sqlite]: before }, { 'x/y': '' }, { [`${sqlite}-wal`]: log }]), {
      'new 1.0-1.el9': 2,
      'old 1.0-1.el9': 0,
    });
  });

  it('passes over versions that cannot be read, and leaves alone what one layer has', async () => {
    const path = 'var/lib/rpm/Packages.db';
    const whole = ndbDatabase([rpmPackage('glibc')]);
    assert.deepEqual(await layersOf([{ [path]: whole }, { [path]: 'damaged' }, { [path]: whole }]), {
      'glibc 1.0-1.el9': 0,
    });
    assert.deepEqual(await layersOf([{ a: '' }, { [path]: whole }]), { 'glibc 1.0-1.el9': 1 });
  });
});
