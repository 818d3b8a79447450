import type { Digest } from '../core/index.ts';

/** A registry image reference in canonical form. */
export interface RegistryReference {
  readonly transport: 'registry';
  /** Host in lower case with its port if not the default: `docker.io` (never `index.docker.io`), `localhost:5000`. */
  readonly registry: string;
  /** Whole repository: `library/debian`. */
  readonly repository: string;
  /** Absent only when a digest is given and no tag was; `latest` when neither was. */
  readonly tag?: string;
  readonly digest?: Digest;
}

/** `oci:DIR[:TAG|@DIGEST]`, `oci-archive:FILE[:TAG|@DIGEST]`, `docker-archive:FILE[:TAG|:@N]`, `dir:ROOTFS`. */
export interface LocalReference {
  readonly transport: 'oci' | 'oci-archive' | 'docker-archive' | 'dir';
  readonly path: string;
  /** `@N` is the image at that position of a docker archive, from 0. */
  readonly tag?: string;
  readonly digest?: Digest;
}

/** `docker-daemon:NAME[:TAG|@DIGEST]` or `docker-daemon:IMAGE-ID`: an image that a container engine on this machine holds. */
export interface EngineReference {
  readonly transport: 'docker-daemon';
  /** As the engine takes it: a name with tag or digest, or an image id. */
  readonly path: string;
  /** What may be the beginning of an image id instead, when no image has that name. */
  readonly idPrefix?: string;
  readonly tag?: undefined;
  readonly digest?: undefined;
}

/** How a user names an image, parsed. */
export type ImageReference = RegistryReference | LocalReference | EngineReference;
