import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';

/** A peer program (cosign, crane, a registry) in $WAYBILL_PEERS, the cache that `.ci/run` fills, or PATH. */
export function findPeer(name: string): string | undefined {
  const folders = [
    ...(process.env['WAYBILL_PEERS'] ?? '').split(delimiter),
    join(cacheFolder(), 'peers'),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** For `skip` of a test: false when every program is there, else what is missing. */
export function missingPeers(...names: readonly string[]): string | false {
  const missing = names.filter((name) => findPeer(name) === undefined);
  return missing.length === 0
    ? false
    : `not found in $WAYBILL_PEERS, ${join(cacheFolder(), 'peers')} or PATH: ${missing.join(', ')}`;
}

export interface PeerRun {
  readonly status: number | null;
  readonly stdout: string;
  /** Both streams, for messages. */
  readonly output: string;
}

/** Runs a peer without a shell, in a folder, offline but for loopback. */
export function runPeer(
  name: string,
  args: readonly string[],
  options: { cwd: string; env?: Record<string, string> },
): PeerRun {
  const program = findPeer(name) ?? name;
  const env = { PATH: process.env['PATH'] ?? '', HOME: options.cwd, COSIGN_PASSWORD: '', ...options.env };
  const run = spawnSync(program, [...args], { cwd: options.cwd, env, encoding: 'utf8', timeout: 60_000 });
  return { status: run.status, stdout: run.stdout, output: `${run.stdout}\n${run.stderr}` };
}

/** A registry program on a loopback port that was free a moment ago. */
export interface PeerRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
}

export type RegistryKind = 'no-referrers' | 'referrers' | 'referrers-cuelabs';

export async function startPeerRegistry(kind: RegistryKind): Promise<PeerRegistry> {
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const process_ =
    kind === 'no-referrers'
      ? spawn(findPeer('registry') ?? 'registry', ['-port', String(port)], { stdio: 'ignore' })
      : spawn(
          findPeer('registry-referrers') ?? 'registry-referrers',
          ['-addr', host, '-impl', kind === 'referrers' ? 'ggcr' : 'cuelabs'],
          { stdio: 'ignore' },
        );
  await answers(host, process_);
  return {
    host,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        process_.once('exit', () => resolve());
        process_.kill('SIGKILL');
      }),
  };
}

async function answers(host: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (child.exitCode !== null) break;
    try {
      await fetch(`http://${host}/v2/`);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  child.kill('SIGKILL');
  throw new Error(`the registry at ${host} did not start`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
