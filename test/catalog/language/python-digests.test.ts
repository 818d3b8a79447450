import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pythonCataloger } from '../../../src/catalog/language/python.ts';
import { DigestGate } from '../../../src/filesystem/digest-gate.ts';

test('digests of Python are taken wherever wheels put files that they record', () => {
  const gate = new DigestGate(pythonCataloger.digests ?? []);
  const wanted = (path: string): boolean => gate.wanted(path, 1).includes('sha256');
  for (const path of [
    'usr/local/lib/python3.13/site-packages/pip/__init__.py',
    'usr/local/bin/pip',
    'usr/lib/python3/dist-packages/x.py',
    'opt/venv/bin/pip',
    'srv/env/bin/pip',
    'app/.venv/bin/flask',
    'srv/virtualenv/bin/flask',
  ])
    assert.ok(wanted(path), path);
  for (const path of ['usr/bin/python3', 'usr/local/lib/libx.so', 'app/main.py', 'bin/pip'])
    assert.ok(!wanted(path), path);
});
