import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { findPeer } from '../support/peers.ts';
import type { BuiltImage } from '../bench/images.ts';
import { outputOf } from '../integration/run-command.ts';
import { findingOfPurl, mergeFindings, type Finding } from './finding.ts';

/** Raised whenever what is taken from a peer's output changes. */
const LISTING = 3;

interface Property {
  readonly name: string;
  readonly value?: string;
}

interface Component {
  readonly 'bom-ref'?: string;
  readonly purl?: string;
  readonly components?: readonly Component[];
  readonly properties?: readonly Property[];
  readonly evidence?: {
    readonly occurrences?: readonly { readonly location: string }[];
    readonly identity?: readonly {
      readonly field: string;
      readonly concludedValue?: string;
      readonly methods?: readonly { readonly value?: string }[];
    }[];
  };
}

interface CycloneDx {
  readonly components?: readonly Component[];
}

interface SyftJson {
  readonly artifacts: readonly {
    readonly purl: string;
    readonly type: string;
    readonly name: string;
    readonly version: string;
    readonly locations: readonly { readonly path: string }[];
  }[];
}

/** A program whose package lists are compared with ours. */
export interface Peer {
  readonly name: string;
  list(image: BuiltImage, scratch: string): Promise<readonly Finding[]>;
}

/** Ours: every component, and what was put away as evidence of another. */
export async function ourFindings(cli: string, image: BuiltImage, scratch: string): Promise<readonly Finding[]> {
  const file = join(scratch, `${image.name}.cdx.json`);
  const create = ['sbom', 'create', `oci:${image.layout}:${image.name}`, '--quiet', '-o', `cyclonedx-json=${file}`];
  await outputOf(process.execPath, [cli, ...create], { env: { WAYBILL_CACHE_DIR: join(scratch, 'cache') } });
  const document = JSON.parse(await readFile(file, 'utf8')) as CycloneDx;
  return mergeFindings(allComponents(document).flatMap(ownFindings));
}

function ownFindings(component: Component): readonly Finding[] {
  const { purl, evidence } = component;
  const places = (evidence?.occurrences ?? []).map(({ location }) => location);
  const found = [purl === undefined ? withoutPurl(component, places) : findingOfPurl(purl, places)];
  for (const { field, concludedValue, methods } of evidence?.identity ?? []) {
    if (field !== 'purl' || concludedValue === undefined || concludedValue === purl) continue;
    const named = (methods ?? []).map(({ value }) => /^[a-z0-9-]+: (\/.*)$/.exec(value ?? '')?.[1]);
    const other = findingOfPurl(
      concludedValue,
      named.filter((path) => path !== undefined),
    );
    if (other) found.push({ ...other, evidence: true });
  }
  return found.filter((finding) => finding !== undefined);
}

/** What we do not give a purl, because a part of it is not known for certain, is referred to by what is known. */
function withoutPurl(component: Component, places: readonly string[]): Finding | undefined {
  const type = component.properties?.find(({ name }) => name === 'waybill:package:type')?.value;
  const reference = component['bom-ref'] ?? '';
  return type !== undefined && reference.startsWith(`${type}/`) ? findingOfPurl(`pkg:${reference}`, places) : undefined;
}

const syft: Peer = {
  name: 'syft',
  async list(image) {
    const text = await outputOf(findPeer('syft') ?? 'syft', [
      'scan',
      `oci-dir:${image.layout}`,
      '--quiet',
      '-o',
      'syft-json',
    ]);
    const { artifacts } = JSON.parse(text) as SyftJson;
    const found = artifacts.map(({ purl, type, name, version, locations }) => {
      const places = locations.map(({ path }) => path);
      return findingOfPurl(purl, places) ?? { type, name, version, places };
    });
    return mergeFindings(found);
  },
};

const trivy: Peer = {
  name: 'trivy',
  async list(image, scratch) {
    const options = ['--format', 'cyclonedx', '--offline-scan', '--skip-db-update', '--skip-java-db-update', '--quiet'];
    const cache = ['--cache-dir', await emptyJavaDatabase(join(scratch, 'trivy'))];
    const text = await outputOf(findPeer('trivy') ?? 'trivy', ['image', '--input', image.layout, ...options, ...cache]);
    const found = allComponents(JSON.parse(text) as CycloneDx).map(({ purl, properties }) => {
      const path = properties?.find(({ name }) => name === 'aquasecurity:trivy:FilePath')?.value;
      return purl === undefined ? undefined : findingOfPurl(purl, path === undefined ? [] : [`/${path}`]);
    });
    return mergeFindings(found.filter((finding) => finding !== undefined));
  },
};

/** Without the database it refuses jars; with an empty one it takes their own word. */
async function emptyJavaDatabase(folder: string): Promise<string> {
  await mkdir(join(folder, 'java-db'), { recursive: true });
  const database = new DatabaseSync(join(folder, 'java-db/trivy-java.db'));
  database.exec('CREATE TABLE IF NOT EXISTS artifacts (id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT)');
  database.exec('CREATE TABLE IF NOT EXISTS indices (artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT)');
  database.close();
  const far = '2999-01-01T00:00:00Z';
  const metadata = { Version: 1, NextUpdate: far, UpdatedAt: far, DownloadedAt: far };
  await writeFile(join(folder, 'java-db/metadata.json'), JSON.stringify(metadata));
  return folder;
}

/** Those on this machine. */
export function peers(): readonly Peer[] {
  return [syft, trivy].filter(({ name }) => findPeer(name) !== undefined).map(remembered);
}

/** The same program says the same of the same image: asked once. */
function remembered(peer: Peer): Peer {
  return {
    name: peer.name,
    async list(image, scratch) {
      const program = await stat(findPeer(peer.name) ?? '');
      const index = await readFile(join(image.layout, 'index.json'));
      const state = createHash('sha256')
        .update(index)
        .update(`${LISTING} ${program.size} ${program.mtimeMs}`)
        .digest('hex');
      const file = join(image.folder, `.${peer.name}-${image.name}-${state.slice(0, 16)}.json`);
      if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as readonly Finding[];
      const found = await peer.list(image, scratch);
      await writeFile(file, JSON.stringify(found));
      return found;
    },
  };
}

function allComponents({ components }: CycloneDx): readonly Component[] {
  return (components ?? []).flatMap((component) => [component, ...allComponents(component)]);
}
