import { isAppError } from '../core/index.ts';
import { parseImageReference } from '../image/index.ts';
import type { DeploymentProblemCode } from './errors.ts';
import type { ManifestNode, MapNode } from './read-documents.ts';
import type { DeployedImage, DeploymentProblem } from './types.ts';

/** Objects and list items looked at in one file. Aliases let a few bytes stand for many. */
const MAX_VISITS = 100_000;
const MAX_IMAGES = 10_000;
const MAX_PROBLEMS = 100;

/** A node with the path to it. */
export interface Located {
  readonly node: ManifestNode;
  readonly path: string;
}

/** Collects what is found in one file, and reads members of nodes with problems instead of exceptions. */
export class Finder {
  readonly images: DeployedImage[] = [];
  readonly problems: DeploymentProblem[] = [];
  readonly #file: string;
  #visits = 0;
  #full = false;

  constructor(file: string) {
    this.#file = file;
  }

  /** Notes a problem where `at` stands. */
  problem(at: Located, code: DeploymentProblemCode, words: { readonly message: string; readonly hint?: string }): void {
    if (this.problems.length >= MAX_PROBLEMS) return;
    const { line, column } = at.node;
    this.problems.push({ code, ...words, file: this.#file, line, column, path: at.path });
  }

  /** The map that a node is; anything else is a problem. */
  map(at: Located, what: string): MapNode | undefined {
    if (!this.#visit(at)) return undefined;
    if (at.node.kind === 'map') return at.node;
    this.problem(at, 'DEPLOYMENT_SHAPE', { message: `${what} is no map` });
    return undefined;
  }

  /** Items of a list, none when it is missing or null. */
  items(parent: Located, name: string): readonly Located[] {
    const at = given(parent, name);
    if (at === undefined) return [];
    if (at.node.kind !== 'list') {
      this.problem(at, 'DEPLOYMENT_SHAPE', { message: `${name} is no list` });
      return [];
    }
    const located: Located[] = [];
    for (const [index, node] of at.node.items.entries()) {
      const item = { node, path: `${at.path}[${index}]` };
      if (!this.#visit(item)) break;
      located.push(item);
    }
    return located;
  }

  /** Notes the image that a member names; without one it is a problem. */
  image(parent: Located, name: string, what: string): void {
    const at = member(parent, name);
    if (at === undefined || isNull(at.node) || (at.node.kind === 'scalar' && at.node.value === '')) {
      this.problem(at ?? parent, 'DEPLOYMENT_IMAGE_MISSING', {
        message: `${what} names no image`,
        hint: 'write the image into the manifest: what is put in later is not checked here',
      });
      return;
    }
    const { node, path } = at;
    if (node.kind !== 'scalar' || typeof node.value !== 'string') {
      this.problem(at, 'DEPLOYMENT_SHAPE', { message: `${name} is no text` });
      return;
    }
    if (this.images.length >= MAX_IMAGES) {
      this.#overflow(at);
      return;
    }
    const { line, column, start, end } = node;
    const written = node.value;
    this.images.push({
      reference: registryReference(written),
      written,
      place: { file: this.#file, line, column, path },
      span: { start, end },
    });
  }

  #visit(at: Located): boolean {
    this.#visits += 1;
    if (this.#visits <= MAX_VISITS) return true;
    this.#overflow(at);
    return false;
  }

  #overflow(at: Located): void {
    if (this.#full) return;
    this.#full = true;
    const { line, column } = at.node;
    const message = 'the file has more objects or images than can be looked at';
    // said whatever else was: nothing after it was looked at
    this.problems.push({ code: 'DEPLOYMENT_SHAPE', message, file: this.#file, line, column, path: at.path });
  }
}

/** A member of a map, undefined when it is not there or the parent is no map. */
export function member({ node, path }: Located, name: string): Located | undefined {
  if (node.kind !== 'map') return undefined;
  const child = node.entries.get(name);
  return child === undefined ? undefined : { node: child, path: path === '' ? name : `${path}.${name}` };
}

/** A member that is there and not null. */
export function given(parent: Located, name: string): Located | undefined {
  const at = member(parent, name);
  return at === undefined || isNull(at.node) ? undefined : at;
}

/** The text of a member, undefined when it is missing or no text. */
export function textOf(parent: Located, name: string): string | undefined {
  const node = member(parent, name)?.node;
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}

function isNull(node: ManifestNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** What is written in a manifest is a name in a registry, whatever transport of ours it looks like: `oci:1` is Docker Hub's `library/oci`. */
export function registryReference(written: string): string {
  try {
    if (!written.startsWith('docker://') && parseImageReference(written).transport === 'registry') return written;
  } catch (error) {
    if (!isAppError(error)) throw error;
  }
  return `docker://${written}`;
}
