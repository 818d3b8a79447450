import { deploymentError } from './errors.ts';

/** `GROUP/KIND`; the core group is empty: `/Pod`. */
export type GroupKind = string;

/**
 * Where a kind has its pod: the path to the PodSpec. Versions of a kind do not differ in it.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/
 */
const POD_SPECS: ReadonlyMap<GroupKind, readonly string[]> = new Map([
  ['/Pod', ['spec']],
  ['/PodTemplate', ['template', 'spec']],
  ['/ReplicationController', ['spec', 'template', 'spec']],
  ['apps/Deployment', ['spec', 'template', 'spec']],
  ['apps/ReplicaSet', ['spec', 'template', 'spec']],
  ['apps/StatefulSet', ['spec', 'template', 'spec']],
  ['apps/DaemonSet', ['spec', 'template', 'spec']],
  ['batch/Job', ['spec', 'template', 'spec']],
  ['batch/CronJob', ['spec', 'jobTemplate', 'spec', 'template', 'spec']],
]);

/** Kinds of Kubernetes itself that name no image. What can put images into other objects (mutating policies) or keeps copies of pods (ControllerRevision) is not here. */
const WITHOUT_IMAGES: ReadonlySet<GroupKind> = new Set([
  '/ConfigMap',
  '/Endpoints',
  '/LimitRange',
  '/Namespace',
  '/PersistentVolume',
  '/PersistentVolumeClaim',
  '/ResourceQuota',
  '/Secret',
  '/Service',
  '/ServiceAccount',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'apiextensions.k8s.io/CustomResourceDefinition',
  'apiregistration.k8s.io/APIService',
  'autoscaling/HorizontalPodAutoscaler',
  'certificates.k8s.io/CertificateSigningRequest',
  'coordination.k8s.io/Lease',
  'discovery.k8s.io/EndpointSlice',
  'flowcontrol.apiserver.k8s.io/FlowSchema',
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration',
  'networking.k8s.io/Ingress',
  'networking.k8s.io/IngressClass',
  'networking.k8s.io/NetworkPolicy',
  'node.k8s.io/RuntimeClass',
  'policy/PodDisruptionBudget',
  'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding',
  'rbac.authorization.k8s.io/Role',
  'rbac.authorization.k8s.io/RoleBinding',
  'scheduling.k8s.io/PriorityClass',
  'storage.k8s.io/CSIDriver',
  'storage.k8s.io/StorageClass',
  'storage.k8s.io/VolumeAttributesClass',
]);

/** What is known about a kind. */
export type KindKnowledge =
  | { readonly holds: 'pod'; readonly path: readonly string[] }
  | { readonly holds: 'nothing' }
  | undefined;

/** @param allowed kinds that the user says hold no image */
export function knowledgeOf(groupKind: GroupKind, allowed: ReadonlySet<GroupKind>): KindKnowledge {
  const path = POD_SPECS.get(groupKind);
  if (path !== undefined) return { holds: 'pod', path };
  return WITHOUT_IMAGES.has(groupKind) || allowed.has(groupKind) ? { holds: 'nothing' } : undefined;
}

/** `apps` of `apps/v1`, '' of `v1`. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? '' : apiVersion.slice(0, slash);
}

/**
 * Values of `--allow-kind`: `argoproj.io/AppProject`, `core/Event` for the core group.
 * @throws AppError DEPLOYMENT_KIND_INVALID also for a kind that holds images: those are never passed over
 */
export function parseAllowedKinds(texts: readonly string[]): ReadonlySet<GroupKind> {
  return new Set(texts.map(parseAllowedKind));
}

function parseAllowedKind(text: string): GroupKind {
  const match = /^([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)\/([A-Z][A-Za-z0-9]{0,62})$/.exec(text);
  const [, group = '', kind = ''] = match ?? [];
  if (match === null) {
    throw deploymentError('DEPLOYMENT_KIND_INVALID', `${JSON.stringify(text.slice(0, 100))} is no kind`, {
      hint: 'write GROUP/KIND without a version: argoproj.io/AppProject; core/Event for the core group',
    });
  }
  const groupKind = `${group === 'core' ? '' : group}/${kind}`;
  if (POD_SPECS.has(groupKind)) {
    throw deploymentError('DEPLOYMENT_KIND_INVALID', `${text} holds images, so it cannot be passed over`, {
      hint: 'leave --allow-kind out: waybill knows where the images of this kind stand',
    });
  }
  return groupKind;
}
