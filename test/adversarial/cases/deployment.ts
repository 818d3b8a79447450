import type { Decision } from '../../../src/app/index.ts';
import type { AdversarialCase } from '../contract.ts';
import type { Stage } from '../world.ts';
import { APP } from './base.ts';

interface Pushed {
  readonly host: string;
  readonly digest: string;
  readonly signed: string;
  readonly unsigned: string;
}

/** A manifest file, decided about with one signed and one unsigned image in the registry. */
function manifest(
  name: string,
  text: (pushed: Pushed) => string,
  expect: AdversarialCase['expect'],
  allowedKinds: readonly string[] = [],
): AdversarialCase {
  return { name, attack: async (stage) => decide(stage, text, allowedKinds), expect };
}

async function decide(
  stage: Stage,
  text: (pushed: Pushed) => string,
  allowedKinds: readonly string[],
): Promise<Decision> {
  const good = await stage.image('good', { layers: [APP] });
  await stage.sign(good);
  const bad = await stage.image('bad', { layers: [{ 'app/run': 'evil\n' }] });
  const [signed, unsigned] = [await stage.push('good', 'shop/good:1'), await stage.push('bad', 'shop/bad:1')];
  const { host } = await stage.registry();
  stage.policy({ rule: 'signatures: { by: [release] }', images: `${host}/**` });
  const pushed = {
    host,
    digest: good.digest,
    signed: `${signed}@${good.digest}`,
    unsigned: `${unsigned}@${bad.digest}`,
  };
  stage.write('deploy.yaml', text(pushed));
  return stage.check('', { deployments: [stage.file('deploy.yaml')], allowedKinds });
}

function pod(spec: string, kind = 'Pod'): string {
  return `apiVersion: v1\nkind: ${kind}\nmetadata: { name: x }\nspec:\n${spec.replaceAll(/^/gm, '  ')}\n`;
}

const containers = (image: string): string => `containers:\n  - { name: app, image: "${image}" }`;
const ALLOW = { verdict: 'allow', exit: 0, codes: [], passes: ['SIGNED'] } as const;
const UNSIGNED = { verdict: 'deny', exit: 1, codes: ['fail UNSIGNED'] } as const;
const refused = (code: string): AdversarialCase['expect'] => ({ refused: code, exit: 6 });

export const DEPLOYMENT_CASES: readonly AdversarialCase[] = [
  manifest('a pod with a signed image by its digest', ({ signed }) => pod(containers(signed)), ALLOW),
  manifest('a pod with an unsigned image', ({ unsigned }) => pod(containers(unsigned)), UNSIGNED),
  manifest(
    'an image by its tag alone can lead elsewhere tomorrow',
    ({ host }) => pod(containers(`${host}/shop/good:1`)),
    { verdict: 'deny', exit: 1, codes: ['fail IMAGE_NOT_PINNED'], passes: ['SIGNED'] },
  ),
  manifest(
    'an image volume by its tag',
    ({ signed, host }) =>
      pod(`${containers(signed)}\nvolumes:\n  - { name: model, image: { reference: "${host}/shop/bad:1" } }`),
    { verdict: 'deny', exit: 1, codes: ['fail IMAGE_NOT_PINNED', 'fail UNSIGNED'], passes: ['SIGNED'] },
  ),
  ...(['initContainers', 'ephemeralContainers'] as const).map((field) =>
    manifest(
      `an unsigned image among ${field}`,
      ({ signed, unsigned }) => pod(`${containers(signed)}\n${field}:\n  - { name: y, image: "${unsigned}" }`),
      { ...UNSIGNED, passes: ['SIGNED'] },
    ),
  ),
  manifest(
    'an empty image in a Deployment',
    () =>
      'apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers: [{ name: a, image: "" }]\n',
    refused('DEPLOYMENT_IMAGE_MISSING'),
  ),
  manifest('a container without an image', () => pod('containers: [{ name: a }]'), refused('DEPLOYMENT_IMAGE_MISSING')),
  manifest('NGINX@sha256: is no reference', () => pod(containers('NGINX@sha256:')), {
    verdict: 'deny',
    exit: 2,
    codes: ['error REFERENCE_INVALID'],
  }),
  manifest(
    'a digest that is not in the repository it is asked for in',
    ({ host, digest }) => pod(containers(`${host}/shop/bad:1@${digest}`)),
    { verdict: 'deny', exit: 6, codes: ['error MANIFEST_NOT_FOUND'] },
  ),
  manifest(
    'what looks like a layout of this machine is a name in a registry',
    () => pod(containers('oci:images:good')),
    {
      verdict: 'deny',
      exit: 2,
      codes: ['error REFERENCE_INVALID'],
    },
  ),
  manifest(
    'a kind that nobody knows',
    ({ signed }) => pod(containers(signed)).replace('apiVersion: v1', 'apiVersion: evil.example/v1'),
    refused('DEPLOYMENT_KIND_UNKNOWN'),
  ),
  manifest(
    'a list in a list',
    ({ unsigned }) =>
      `apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: List\n    items:\n      - { apiVersion: v1, kind: Pod, spec: { containers: [{ image: "${unsigned}" }] } }\n`,
    UNSIGNED,
  ),
  manifest(
    'a pod among the items of what calls itself a ConfigMap: kubectl takes whatever has items for a list',
    ({ signed, unsigned }) =>
      `${pod(containers(signed))}---\napiVersion: v1\nkind: ConfigMap\nitems:\n  - { apiVersion: v1, kind: Pod, metadata: { name: evil }, spec: { containers: [{ image: "${unsigned}" }] } }\n`,
    refused('DEPLOYMENT_SHAPE'),
  ),
  manifest(
    'a pod among the items of a kind that was allowed',
    ({ signed, unsigned }) =>
      `${pod(containers(signed))}---\napiVersion: example.com/v1\nkind: Harmless\nitems:\n  - { apiVersion: v1, kind: Pod, metadata: { name: evil }, spec: { containers: [{ image: "${unsigned}" }] } }\n`,
    refused('DEPLOYMENT_SHAPE'),
    ['example.com/Harmless'],
  ),
  manifest(
    'a second document',
    ({ signed, unsigned }) => `${pod(containers(signed))}---\n${pod(containers(unsigned))}`,
    { ...UNSIGNED, passes: ['SIGNED'] },
  ),
  manifest(
    'a key twice',
    ({ signed, unsigned }) => `${pod(containers(signed))}spec: { containers: [{ image: "${unsigned}" }] }\n`,
    refused('DEPLOYMENT_SYNTAX'),
  ),
  manifest(
    'an alias to an unsigned image',
    ({ signed, unsigned }) =>
      pod(
        `${containers(signed)}\ninitContainers:\n  - { name: a, image: &x "${unsigned}" }\n  - { name: b, image: *x }`,
      ),
    {
      ...UNSIGNED,
      passes: ['SIGNED'],
    },
  ),
  manifest(
    'a merge key behind an image: kubectl takes what is merged, other tools what stands there',
    ({ signed, unsigned }) =>
      pod(`x: &evil { image: "${unsigned}" }\ncontainers:\n  - { name: app, image: "${signed}", <<: *evil }`),
    refused('DEPLOYMENT_SYNTAX'),
  ),
  manifest(
    'a merge key before an image: the image counts everywhere',
    ({ signed, unsigned }) =>
      pod(`x: &evil { image: "${unsigned}" }\ncontainers:\n  - { name: app, <<: *evil, image: "${signed}" }`),
    ALLOW,
  ),
  manifest('a tag on a value', () => pod('containers: [{ image: !!binary bmdpbng= }]'), refused('DEPLOYMENT_SYNTAX')),
  manifest(
    'an image of variables in a compose file',
    () => 'services: { web: { image: "${IMAGE}" } }\n',
    refused('DEPLOYMENT_VARIABLE'),
  ),
  manifest(
    'a service that is built where it runs',
    () => 'services: { web: { build: . } }\n',
    refused('DEPLOYMENT_BUILD_ONLY'),
  ),
  manifest(
    'a service that names a signed image and is built where it runs all the same',
    ({ signed }) => `services: { web: { image: "${signed}", build: ., pull_policy: build } }\n`,
    refused('DEPLOYMENT_BUILD_ONLY'),
  ),
  manifest(
    'a service that takes more from another file: image volumes there are not seen',
    ({ signed }) => `services: { web: { image: "${signed}", extends: { file: other.yaml, service: web } } }\n`,
    refused('DEPLOYMENT_INCLUDES'),
  ),
  manifest(
    'a compose file that includes others',
    ({ signed }) => `include: [other.yaml]\nservices: { web: { image: "${signed}" } }\n`,
    refused('DEPLOYMENT_INCLUDES'),
  ),
];
