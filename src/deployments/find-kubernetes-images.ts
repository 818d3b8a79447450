import { given, member, textOf, type Finder, type Located } from './finder.ts';
import { groupOf, knowledgeOf, type GroupKind } from './kubernetes-kinds.ts';

const CONTAINERS = ['containers', 'initContainers', 'ephemeralContainers'] as const;
const MAX_LIST_DEPTH = 8;

/** Kind and version that items of a typed list have when they do not say it themselves. */
interface Inherited {
  readonly apiVersion: string | undefined;
  readonly kind: string | undefined;
}

/**
 * Finds every image of one Kubernetes object, of all of them for a list: containers, init and ephemeral containers, image volumes.
 * A kind that is neither known nor allowed is a problem.
 */
export function findKubernetesImages(root: Located, finder: Finder, allowed: ReadonlySet<GroupKind>): void {
  findInObject(root, { finder, allowed, inherited: { apiVersion: undefined, kind: undefined }, depth: 0 });
}

interface ObjectContext {
  readonly finder: Finder;
  readonly allowed: ReadonlySet<GroupKind>;
  readonly inherited: Inherited;
  readonly depth: number;
}

function findInObject(object: Located, context: ObjectContext): void {
  const { finder, allowed, inherited, depth } = context;
  if (finder.map(object, 'the object') === undefined) return;
  const kind = textOf(object, 'kind') ?? inherited.kind;
  const apiVersion = textOf(object, 'apiVersion') ?? inherited.apiVersion;
  if (kind === undefined || apiVersion === undefined) {
    finder.problem(object, 'DEPLOYMENT_KIND_UNKNOWN', { message: 'an object without apiVersion and kind' });
    return;
  }
  if (kind.endsWith('List') && member(object, 'items') !== undefined) {
    if (depth >= MAX_LIST_DEPTH) {
      finder.problem(object, 'DEPLOYMENT_SHAPE', { message: 'lists within lists within lists' });
      return;
    }
    const typed = kind === 'List' ? undefined : kind.slice(0, -'List'.length);
    const next = { ...context, depth: depth + 1, inherited: { apiVersion: typed && apiVersion, kind: typed } };
    for (const item of finder.items(object, 'items')) findInObject(item, next);
    return;
  }
  const items = member(object, 'items');
  if (items !== undefined) {
    finder.problem(items, 'DEPLOYMENT_SHAPE', {
      message: 'an object with items: kubectl takes it for a list, whatever its kind',
      hint: 'write the objects as documents of their own, or as items of a List',
    });
    return;
  }
  const group = groupOf(apiVersion);
  const knowledge = knowledgeOf(`${group}/${kind}`, allowed);
  if (knowledge === undefined) {
    const name = `${group === '' ? 'core' : group}/${kind}`;
    finder.problem(member(object, 'kind') ?? object, 'DEPLOYMENT_KIND_UNKNOWN', {
      message: `the kind ${name} is not known, so images in it would not be found`,
      hint: `if it holds no images: --allow-kind ${name}; else check its images by name`,
    });
    return;
  }
  if (knowledge.holds === 'pod') findInPod(object, knowledge.path, finder);
}

function findInPod(object: Located, path: readonly string[], finder: Finder): void {
  let spec = object;
  for (const name of path) {
    const next = member(spec, name);
    if (next === undefined || next.node.kind !== 'map') {
      finder.problem(next ?? spec, 'DEPLOYMENT_SHAPE', { message: `${path.join('.')} is missing or no map` });
      return;
    }
    spec = next;
  }
  for (const field of CONTAINERS) {
    const containers = finder.items(spec, field);
    if (field === 'containers' && containers.length === 0)
      finder.problem(spec, 'DEPLOYMENT_SHAPE', { message: 'a pod without containers' });
    for (const container of containers) {
      if (finder.map(container, 'a container') !== undefined)
        finder.image(container, 'image', containerName(container));
    }
  }
  for (const volume of finder.items(spec, 'volumes')) {
    if (finder.map(volume, 'a volume') === undefined) continue;
    const image = given(volume, 'image');
    if (image === undefined) continue;
    if (finder.map(image, 'the image of a volume') !== undefined) finder.image(image, 'reference', 'an image volume');
  }
}

function containerName(container: Located): string {
  const name = textOf(container, 'name');
  return name === undefined ? 'a container' : `the container ${JSON.stringify(name.slice(0, 63))}`;
}
