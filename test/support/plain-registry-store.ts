import { AppError, digestHex, ExitCode, parseDigest, sha256Digest, type Digest } from '../../src/core/index.ts';
import type { Descriptor, RawManifest, ReferrerStore, WriteManifestOptions } from '../../src/image/index.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

interface IndexJson {
  readonly manifests: readonly { readonly mediaType: string; readonly digest: string; readonly size: number }[];
}

/**
 * The smallest `ReferrerStore` over plain HTTP: a second opinion beside the registry client, so that bundles can be checked against other
 * programs without it.
 */
export class PlainRegistryStore implements ReferrerStore {
  readonly #base: string;

  constructor(host: string, repository: string) {
    this.#base = `http://${host}/v2/${repository}`;
  }

  async listReferrers(subject: Digest): Promise<readonly Descriptor[]> {
    const api = await fetch(`${this.#base}/referrers/${subject}`);
    const response = api.ok ? api : await fetch(`${this.#base}/manifests/sha256-${digestHex(subject)}`);
    if (response.status === 404) return [];
    const { manifests } = (await expectOk(response).json()) as IndexJson;
    return manifests.map(({ mediaType, digest, size }) => ({
      mediaType,
      digest: parseDigest(digest),
      sizeBytes: size,
    }));
  }

  async readManifest(reference: string): Promise<RawManifest> {
    const response = expectOk(
      await fetch(`${this.#base}/manifests/${reference}`, { headers: { accept: `${MANIFEST}, ${INDEX}` } }),
    );
    const bytes = new Uint8Array(await response.arrayBuffer());
    return { bytes, mediaType: response.headers.get('content-type') ?? MANIFEST, digest: sha256Digest(bytes) };
  }

  async readBlob(descriptor: Descriptor): Promise<Uint8Array> {
    return new Uint8Array(await expectOk(await fetch(`${this.#base}/blobs/${descriptor.digest}`)).arrayBuffer());
  }

  async writeBlob(bytes: Uint8Array, digest: Digest): Promise<void> {
    const start = expectOk(await fetch(`${this.#base}/blobs/uploads/`, { method: 'POST' }));
    const location = new URL(start.headers.get('location') ?? '', this.#base);
    location.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream' };
    expectOk(await fetch(location, { method: 'PUT', body: Buffer.from(bytes), headers }));
  }

  async writeManifest(manifest: RawManifest, options: WriteManifestOptions): Promise<void> {
    const stored = await this.#putManifest(options.tag ?? manifest.digest, manifest.bytes, manifest.mediaType);
    if (options.referrer === undefined || stored.headers.get('oci-subject') !== null) return;
    const { subject, descriptor } = options.referrer;
    if ((await fetch(`${this.#base}/referrers/${subject}`)).ok) return;
    const tag = `sha256-${digestHex(subject)}`;
    const existing = await fetch(`${this.#base}/manifests/${tag}`);
    const { manifests } = existing.ok ? ((await existing.json()) as IndexJson) : { manifests: [] };
    const { sizeBytes, ...rest } = descriptor;
    const index = { schemaVersion: 2, mediaType: INDEX, manifests: [...manifests, { ...rest, size: sizeBytes }] };
    await this.#putManifest(tag, Buffer.from(JSON.stringify(index)), INDEX);
  }

  async #putManifest(reference: string, bytes: Uint8Array, mediaType: string): Promise<Response> {
    const headers = { 'content-type': mediaType };
    return expectOk(
      await fetch(`${this.#base}/manifests/${reference}`, { method: 'PUT', body: Buffer.from(bytes), headers }),
    );
  }
}

function expectOk(response: Response): Response {
  if (!response.ok) throw new AppError('TEST_REGISTRY', ExitCode.Remote, `${response.status} from ${response.url}`);
  return response;
}
