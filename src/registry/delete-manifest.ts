import { registryError } from './errors.ts';
import type { RegistryRequest, RepositoryClient } from './repository-client.ts';

/** Statuses by which registries say that they do not delete. */
const UNSUPPORTED: ReadonlySet<number> = new Set([400, 405, 501]);

/**
 * Deletes a manifest by its digest, or a tag. False when it was not there.
 * @throws AppError REGISTRY_DELETE_UNSUPPORTED, and the registry's
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-manifests
 */
export async function deleteManifest(
  client: RepositoryClient,
  reference: string,
  signal: AbortSignal,
): Promise<boolean> {
  const request: RegistryRequest = {
    method: 'DELETE',
    path: `manifests/${reference}`,
    actions: 'pull,push,delete',
    signal,
    what: `deletion of manifest ${reference}`,
    kind: 'manifest',
  };
  const response = await client.send(request);
  if (response.status === 200 || response.status === 202 || response.status === 204 || response.status === 404) {
    await response.discard();
    return response.status !== 404;
  }
  const failure = await client.failure(response, request);
  if (!UNSUPPORTED.has(response.status)) throw failure;
  throw registryError('REGISTRY_DELETE_UNSUPPORTED', `${client.name} does not delete manifests: ${failure.message}`, {
    cause: failure,
    hint: 'the registry’s administrator can allow deletion, or delete it in the registry’s own way',
  });
}
