import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { lutimesSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { TemporaryDirectory } from '../../src/core/index.ts';
import { createOciLayout, openOciLayout } from '../../src/image/index.ts';
import { withLock } from '../../src/image/local/layout-lock.ts';
import { currentOwner, formatOwner, ownerState, tryParseOwner } from '../../src/image/local/lock-owner.ts';

const signal = new AbortController().signal;
const WRITER = join(import.meta.dirname, '../support/layout-writer.ts');
const NONCE = '01234567-89ab-cdef-0123-456789abcdef';
const hasProc = currentOwner(NONCE).space !== '';
const LOCK = '.waybill-index.lock';

let temporary: TemporaryDirectory;
before(async () => {
  temporary = await TemporaryDirectory.create('waybill-test-');
});
after(async () => {
  await temporary[Symbol.asyncDispose]();
});

let folders = 0;
async function layout(): Promise<string> {
  folders += 1;
  return (await createOciLayout(join(temporary.path, `layout${folders}`))).path;
}

interface Writer {
  readonly child: ChildProcess;
  /** Lines it wrote so far. */
  readonly lines: readonly string[];
  readonly closed: Promise<unknown>;
}

function start(...options: readonly string[]): Writer {
  const child = spawn(process.execPath, [WRITER, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return { child, lines, closed: once(child, 'close') };
}

async function firstLine(writer: Writer): Promise<void> {
  while (writer.lines.length === 0 && writer.child.exitCode === null) await delay(5);
  assert.notEqual(writer.lines.length, 0, 'the writer ended at once');
}

async function kill(writer: Writer): Promise<void> {
  writer.child.kill('SIGKILL');
  await writer.closed;
}

describe('the lock of a layout', () => {
  test('that a killed process left is taken over at once', { skip: !hasProc }, async () => {
    const folder = await layout();
    const holder = start('hold', join(folder, LOCK));
    await firstLine(holder);
    const waiting = withLock(join(folder, LOCK), AbortSignal.timeout(150), async () => 'taken');
    await assert.rejects(waiting, { code: 'INTERRUPTED' }, 'not while its process runs');
    await kill(holder);
    writeFileSync(join(folder, `.index.json.${NONCE}.tmp`), '{"half');
    const taken = await withLock(join(folder, LOCK), AbortSignal.timeout(5000), async () => 'taken');
    assert.equal(taken, 'taken');
    assert.deepEqual(readdirSync(folder).toSorted(), ['blobs', 'index.json', 'oci-layout']);
  });

  test('is never held by two of many that find it left behind', { skip: !hasProc }, async () => {
    const folder = await layout();
    const path = join(folder, LOCK);
    let holders = 0;
    for (let round = 0; round < 10; round += 1) {
      symlinkSync(formatOwner({ ...currentOwner(NONCE.replace('0', String(round))), startTime: '1' }), path);
      const once = Array.from({ length: 12 }, () =>
        withLock(path, signal, async (lock) => {
          holders += 1;
          assert.equal(holders, 1);
          await delay(1);
          await lock.confirm();
          holders -= 1;
        }),
      );
      await Promise.all(once);
    }
    assert.deepEqual(readdirSync(folder).toSorted(), ['blobs', 'index.json', 'oci-layout']);
  });

  test('left behind, and the lock to break it left behind too: still taken over', { skip: !hasProc }, async () => {
    const folder = await layout();
    const gone = (nonce: string): string => formatOwner({ ...currentOwner(nonce), startTime: '1' });
    const second = NONCE.replace('0', 'a');
    symlinkSync(gone(NONCE), join(folder, LOCK));
    symlinkSync(gone(second), join(folder, `${LOCK}.break-${NONCE}`));
    symlinkSync(gone(NONCE.replace('0', 'b')), join(folder, `${LOCK}.break-${second}`));
    assert.equal(await withLock(join(folder, LOCK), signal, async () => 1), 1);
    assert.deepEqual(readdirSync(folder).toSorted(), ['blobs', 'index.json', 'oci-layout']);
  });

  test('of a machine that cannot be seen from here is taken over when it is old, and not before', async () => {
    const folder = await layout();
    const path = join(folder, LOCK);
    symlinkSync(formatOwner({ ...currentOwner(NONCE), space: '', host: 'elsewhere' }), path);
    await assert.rejects(
      withLock(path, AbortSignal.timeout(400), async () => 1),
      { code: 'INTERRUPTED' },
    );
    const past = Date.now() / 1000 - 3600;
    lutimesSync(path, past, past);
    assert.equal(await withLock(path, AbortSignal.timeout(5000), async () => 1), 1);
    assert.deepEqual(readdirSync(folder).toSorted(), ['blobs', 'index.json', 'oci-layout']);
  });

  test('that was taken away is noticed before anything is changed', async () => {
    const folder = await layout();
    const path = join(folder, LOCK);
    await withLock(path, signal, async (lock) => {
      await lock.confirm();
      const mine = readlinkSync(path);
      assert.equal(tryParseOwner(mine)?.processId, process.pid);
      await import('node:fs/promises').then((fs) => fs.rm(path));
      await assert.rejects(lock.confirm(), { code: 'LAYOUT_LOCKED' });
      symlinkSync('another', path);
    });
    assert.equal(readlinkSync(path), 'another', 'the lock of another is not removed');
  });

  test('writers killed at any moment lose nothing they reported, and stop nobody', { skip: !hasProc }, async () => {
    const folder = await layout();
    const reported: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const writers = ['a', 'b', 'c'].map((name) => start('add', folder, `r${round}${name}`, '400'));
      await Promise.all(writers.map(firstLine));
      await delay(60 * round);
      await Promise.all(writers.map(kill));
      reported.push(...writers.flatMap((writer) => writer.lines));
    }
    const last = start('add', folder, 'last', '2');
    await last.closed;
    assert.deepEqual(last.lines, ['last0', 'last1']);
    const tags = new Set(
      openOciLayout(folder)
        .listEntries()
        .map((entry) => entry.annotations?.['org.opencontainers.image.ref.name']),
    );
    assert.deepEqual(
      reported.filter((tag) => !tags.has(tag)),
      [],
    );
    assert.ok(reported.length >= 6);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith(LOCK)),
      [],
    );
  });

  test('layouts made by several processes at once are one layout', async () => {
    const folder = join(temporary.path, 'new');
    const writers = ['a', 'b', 'c'].map((name) => start('add', folder, name, '3'));
    await Promise.all(writers.map((writer) => writer.closed));
    assert.equal(openOciLayout(folder).listEntries().length, 9);
  });
});

describe('lock owners', () => {
  test('round trip; this process runs; a process id used again is another process', { skip: !hasProc }, () => {
    const owner = currentOwner(NONCE);
    assert.deepEqual(tryParseOwner(formatOwner(owner)), owner);
    assert.equal(ownerState(owner), 'running');
    assert.equal(ownerState({ ...owner, startTime: '1' }), 'gone');
    assert.equal(ownerState({ ...owner, processId: 4_000_000_000 }), 'gone');
    const otherBoot = owner.space.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    assert.equal(ownerState({ ...owner, space: otherBoot }), 'out-of-sight');
  });

  test('any other text is no owner', () => {
    fc.assert(fc.property(fc.string(), (text) => assert.equal(tryParseOwner(text), undefined)));
    for (const text of [`../../x_h_1__`, `${NONCE}_h_0__`, `${NONCE}_h_-1__`, `${NONCE}_h_1_x_`, `${NONCE}_a/b_1__`])
      assert.equal(tryParseOwner(text), undefined);
  });
});
