import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseAllowedKinds, readDeployment, type DeploymentFile } from '../../src/deployments/index.ts';

const read = (text: string | Uint8Array, allow: readonly string[] = []): Promise<DeploymentFile> =>
  readDeployment(Buffer.from(text), { file: 'deploy.yaml', allowedKinds: parseAllowedKinds(allow) });

/** `line:column path written`. */
async function images(text: string, allow: readonly string[] = []): Promise<readonly string[]> {
  const { images, problems } = await read(text, allow);
  assert.deepEqual(problems, []);
  return images.map(({ written, place }) => `${place.line}:${place.column} ${place.path} ${written}`);
}

async function problems(text: string | Uint8Array, allow: readonly string[] = []): Promise<readonly string[]> {
  const found = await read(text, allow);
  return found.problems.map(({ code, line, column }) => `${code} ${line}:${column}`);
}

const POD = 'containers: [{ name: a, image: "a:1" }]';

describe('readDeployment: Kubernetes', () => {
  test('finds containers, init and ephemeral containers and image volumes, with line, column and path', async () => {
    const text = `apiVersion: v1
kind: Pod
spec:
  initContainers:
    - { name: setup, image: registry.example.com/setup:1, restartPolicy: Always }
  containers:
    - name: web   # the app
      image: registry.example.com/web@sha256:${'a'.repeat(64)}
    - name: side
      image: 'nginx:1.29'
  ephemeralContainers:
    - name: debug
      image: "busybox"
  volumes:
    - name: data
      emptyDir: {}
    - name: model
      image:
        reference: registry.example.com/model:3
`;
    assert.deepEqual(await images(text), [
      `8:14 spec.containers[0].image registry.example.com/web@sha256:${'a'.repeat(64)}`,
      '10:14 spec.containers[1].image nginx:1.29',
      '5:29 spec.initContainers[0].image registry.example.com/setup:1',
      '13:14 spec.ephemeralContainers[0].image busybox',
      '19:20 spec.volumes[1].image.reference registry.example.com/model:3',
    ]);
  });

  test('knows where each workload has its pod', async () => {
    for (const [apiVersion, kind, path] of [
      ['v1', 'Pod', 'spec'],
      ['v1', 'PodTemplate', 'template.spec'],
      ['v1', 'ReplicationController', 'spec.template.spec'],
      ['apps/v1', 'Deployment', 'spec.template.spec'],
      ['apps/v1', 'ReplicaSet', 'spec.template.spec'],
      ['apps/v1', 'StatefulSet', 'spec.template.spec'],
      ['apps/v1beta2', 'DaemonSet', 'spec.template.spec'],
      ['batch/v1', 'Job', 'spec.template.spec'],
      ['batch/v1', 'CronJob', 'spec.jobTemplate.spec.template.spec'],
    ] as const) {
      const nested = path.split('.').reduceRight((inner, name) => `{ ${name}: ${inner} }`, `{ ${POD} }`);
      const text = `{ apiVersion: ${apiVersion}, kind: ${kind}, ${nested.slice(2)}`;
      const [found = ''] = await images(text);
      assert.ok(found.endsWith(` ${path}.containers[0].image a:1`), `${kind}: ${found}`);
      assert.deepEqual(await problems(`{ apiVersion: ${apiVersion}, kind: ${kind} }`), ['DEPLOYMENT_SHAPE 1:1'], kind);
    }
  });

  test('reads several documents, lists and typed lists, in JSON too; passes over what holds no image', async () => {
    const text = `# nothing here
---
apiVersion: v1
kind: ConfigMap
data: { 80: "image: not-me:1" }
---
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Service }
  - { apiVersion: v1, kind: Pod, spec: { ${POD} } }
---
{ "apiVersion": "v1", "kind": "PodList", "items": [{ "spec": { "containers": [{ "image": "b:2" }] } }] }
---
`;
    assert.deepEqual(await images(text), [
      `11:73 items[1].spec.containers[0].image a:1`,
      '13:90 items[0].spec.containers[0].image b:2',
    ]);
  });

  test('a kind that is not known is a problem of its own, unless it is allowed', async () => {
    const rollout = `{ apiVersion: argoproj.io/v1alpha1, kind: Rollout, spec: { template: { spec: { ${POD} } } } }`;
    const { problems: found } = await read(rollout);
    assert.deepEqual(
      found.map(({ code, path, hint }) => [code, path, hint?.slice(0, 55)]),
      [['DEPLOYMENT_KIND_UNKNOWN', 'kind', 'if it holds no images: --allow-kind argoproj.io/Rollout']],
    );
    assert.deepEqual(await images(rollout, ['argoproj.io/Rollout']), []);
    // the group counts: another vendor's Deployment is not the one we know
    assert.deepEqual(await problems('{ apiVersion: example.com/v1, kind: Deployment }'), [
      'DEPLOYMENT_KIND_UNKNOWN 1:37',
    ]);
    assert.deepEqual(await problems('{ apiVersion: v1, kind: Event }'), ['DEPLOYMENT_KIND_UNKNOWN 1:25']);
    assert.deepEqual(await problems('{ apiVersion: v1, kind: Event }', ['core/Event']), []);
    for (const text of ['{ kind: Pod }', '{ apiVersion: v1 }', 'just text', '[]', '{ a: b }'])
      assert.deepEqual(await problems(text), ['DEPLOYMENT_KIND_UNKNOWN 1:1'], text);
  });

  test('an object with items is a list for kubectl, whatever its kind says: refused unless it says so, too', async () => {
    const items = `items: [{ apiVersion: v1, kind: Pod, spec: { ${POD} } }]`;
    for (const [head, allow] of [
      ['apiVersion: v1, kind: ConfigMap', []],
      ['apiVersion: v1, kind: Pod, spec: { containers: [{ image: "b:2" }] }', []],
      ['apiVersion: example.com/v1, kind: Harmless', ['example.com/Harmless']],
    ] as const) {
      const found = await problems(`{ ${head}, ${items} }`, allow);
      assert.deepEqual(
        found.map((problem) => problem.split(' ')[0]),
        ['DEPLOYMENT_SHAPE'],
        head,
      );
    }
    assert.equal((await images(`{ apiVersion: example.com/v1, kind: HarmlessList, ${items} }`)).length, 1);
  });

  test('--allow-kind takes GROUP/KIND only, and never a kind that holds images', () => {
    for (const text of ['Event', '/Event', 'apps/v1/Deployment', 'x/lower', '', `a/${'A'.repeat(80)}`])
      assert.throws(() => parseAllowedKinds([text]), { code: 'DEPLOYMENT_KIND_INVALID' }, text);
    for (const text of ['apps/Deployment', 'core/Pod'])
      assert.throws(() => parseAllowedKinds([text]), { code: 'DEPLOYMENT_KIND_INVALID' }, text);
  });

  test('a container without an image, or with one that is no text, is a problem', async () => {
    const pod = (spec: string): string => `{ apiVersion: v1, kind: Pod, spec: ${spec} }`;
    for (const [spec, code] of [
      ['{}', 'DEPLOYMENT_SHAPE'],
      ['{ containers: [] }', 'DEPLOYMENT_SHAPE'],
      ['{ containers: { image: a } }', 'DEPLOYMENT_SHAPE'],
      ['{ containers: [text] }', 'DEPLOYMENT_SHAPE'],
      ['{ containers: [{ name: a }] }', 'DEPLOYMENT_IMAGE_MISSING'],
      ['{ containers: [{ image: "" }] }', 'DEPLOYMENT_IMAGE_MISSING'],
      ['{ containers: [{ image: null }] }', 'DEPLOYMENT_IMAGE_MISSING'],
      ['{ containers: [{ image: 1.2 }] }', 'DEPLOYMENT_SHAPE'],
      [`{ ${POD}, initContainers: [{}] }`, 'DEPLOYMENT_IMAGE_MISSING'],
      [`{ ${POD}, volumes: [{ image: {} }] }`, 'DEPLOYMENT_IMAGE_MISSING'],
      [`{ ${POD}, volumes: [{ image: text }] }`, 'DEPLOYMENT_SHAPE'],
    ] as const) {
      const found = await problems(pod(spec));
      assert.ok(
        found.length > 0 && found.every((problem) => problem.startsWith(`${code} `)),
        `${spec}: ${found.join()}`,
      );
    }
  });

  test('what looks like a transport of ours is a name in a registry all the same', async () => {
    const reference = async (written: string): Promise<string | undefined> =>
      (await read(`{ apiVersion: v1, kind: Pod, spec: { containers: [{ image: ${JSON.stringify(written)} }] } }`))
        .images[0]?.reference;
    assert.equal(await reference('registry.example.com/a:1'), 'registry.example.com/a:1');
    for (const written of [
      'oci:build',
      'docker-archive:x',
      'dir:etc',
      'docker-daemon:app',
      'docker://a',
      'containers-storage:a',
      '../a',
    ])
      assert.equal(await reference(written), `docker://${written}`);
  });
});

describe('readDeployment: compose', () => {
  test('finds the images of services and of image volumes', async () => {
    const text = `name: shop
services:
  web:
    image: registry.example.com/web:1
    volumes:
      - ./data:/data
      - { type: image, source: "registry.example.com/model:2", target: /model }
  db: { image: postgres:18, build: . }
`;
    assert.deepEqual(await images(text), [
      '4:12 services.web.image registry.example.com/web:1',
      '7:32 services.web.volumes[1].source registry.example.com/model:2',
      '8:16 services.db.image postgres:18',
    ]);
  });

  test('anchors, aliases and merge keys are resolved; an alias stands where its anchor does', async () => {
    const text = `x-app: &app
  image: &web registry.example.com/web:1
services:
  web: { <<: *app }
  worker: { <<: [*app, { image: other:2 }], command: work }
  own: { <<: *app, image: own:3 }
  same: { image: *web }
`;
    assert.deepEqual(await images(text), [
      '2:15 services.web.image registry.example.com/web:1',
      '2:15 services.worker.image registry.example.com/web:1',
      '6:27 services.own.image own:3',
      '2:15 services.same.image registry.example.com/web:1',
    ]);
  });

  test('what is only built, variables, includes and services without image are problems', async () => {
    for (const [text, expected] of [
      ['services: { a: { build: . } }', 'DEPLOYMENT_BUILD_ONLY 1:25'],
      ['services: { a: { image: "app:${TAG}" } }', 'DEPLOYMENT_VARIABLE 1:25'],
      ['services: { a: { extends: b } }', 'DEPLOYMENT_IMAGE_MISSING 1:16'],
      ['services: { a: { image: x } }\ninclude: [other.yaml]', 'DEPLOYMENT_INCLUDES 2:10'],
      // compose builds it although an image is named, and takes image volumes from a file that nobody read
      ['services: { a: { image: x, build: ., pull_policy: build } }', 'DEPLOYMENT_BUILD_ONLY 1:35'],
      ['services: { a: { image: x, extends: { file: o.yaml, service: b } } }', 'DEPLOYMENT_INCLUDES 1:37'],
      ['services: {}', 'DEPLOYMENT_SHAPE 1:11'],
      ['services: [a]', 'DEPLOYMENT_SHAPE 1:11'],
      ['services: { a: }', 'DEPLOYMENT_SHAPE 1:16'],
    ] as const)
      assert.deepEqual(await problems(text), [expected], text);
  });
});

describe('readDeployment: hostile files', () => {
  test('no YAML, tags, directives, duplicate and odd keys, half aliases are refused with their place', async () => {
    for (const [text, place] of [
      ['a: [', '1:5'],
      ['services: { a: { image: !!str x } }', '1:31'],
      ['services: { a: { image: !Ref x } }', '1:25'],
      ['%YAML 1.1\n---\nservices: {}', '1:1'],
      ['services: { a: { image: x, image: y } }', '1:28'],
      ['services: { a: { image: x, "image": y } }', '1:28'],
      ['services: { a: { "<<": { image: x } } }', '1:18'],
      ['services: { a: { <<: text } }', '1:16'],
      // kubectl takes what is merged, other tools what stands there
      ['x-e: &e { image: evil }\nservices: { a: { image: good, <<: *e } }', '2:31'],
      ['x-e: &e { image: evil }\nservices: { a: { image: good, <<: [{ b: c }, *e] } }', '2:31'],
      ['? { services: 1 }\n: 2', '1:3'],
      ['a: *nowhere', '1:4'],
      ['a: &a [*a]', '1:8'],
    ] as const)
      assert.deepEqual(await problems(text), [`DEPLOYMENT_SYNTAX ${place}`], text);
    assert.deepEqual(await problems(Buffer.from([0x61, 0xff])), ['DEPLOYMENT_SYNTAX 1:1']);
    assert.deepEqual(await problems(Buffer.alloc(4 * 1024 * 1024 + 1, 0x20)), ['DEPLOYMENT_SYNTAX 1:1']);
  });

  test('deep nesting and aliases upon aliases end soon', async () => {
    assert.deepEqual(await problems(`${'['.repeat(100_000)}${']'.repeat(100_000)}`), ['DEPLOYMENT_SYNTAX 1:1']);
    assert.deepEqual(await problems(`${'- '.repeat(5000)}a`), ['DEPLOYMENT_SYNTAX 1:1']);
    const levels = Array.from(
      { length: 30 },
      (_, level) =>
        `l${level}: &l${level} { kind: List, apiVersion: v1, items: [${
          level === 0
            ? '{ apiVersion: v1, kind: Service }'
            : Array(10)
                .fill(`*l${level - 1}`)
                .join(', ')
        }] }`,
    );
    assert.match(
      (await problems(`${levels.join('\n')}\nkind: List\napiVersion: v1\nitems: [*l7]\n`)).join(),
      /^DEPLOYMENT_SHAPE/,
    );
    const merges = Array.from(
      { length: 2000 },
      (_, level) => `m${level}: &m${level} { k${level}: 1${level === 0 ? '' : `, <<: *m${level - 1}`} }`,
    );
    assert.match((await problems(merges.join('\n'))).join(), /^DEPLOYMENT_(SYNTAX|KIND_UNKNOWN)/);
  });

  test('text in which other tools see other lines or documents than we do is refused', async () => {
    const pod = '  apiVersion: v1\n  kind: Pod\n  spec: { containers: [{ image: evil:1 }] }\n';
    const map = 'apiVersion: v1\nkind: ConfigMap\n';
    for (const [text, place] of [
      // kubectl ends a document at every line that begins with three dashes, and drops the line
      [`${map}---x:\n${pod}`, '3:1'],
      [`${map}---#\n${pod}`, '3:1'],
      [`${map}--- x\n`, '3:1'],
      [`${map}--- {}\n`, '3:1'],
      [`---x: 1\n${map}`, '1:1'],
      // line breaks of YAML 1.1, which Go's parser knows
      [`${map}# comment\u0085data: {}\n`, '3:10'],
      [`${map}# comment\u2028data: {}\n`, '3:10'],
      [`${map}# comment\u2029data: {}\n`, '3:10'],
      [`${map}# comment\rdata: {}\n`, '3:10'],
      [`${map}# \u0000\n`, '3:3'],
      [`${map}# \ufeff\n`, '3:3'],
    ] as const)
      assert.deepEqual(await problems(text), [`DEPLOYMENT_SYNTAX ${place}`], JSON.stringify(text));
    for (const text of [map, `---\r\n${map.replaceAll('\n', '\r\n')}--- # more\r\n`, `--- \t\n${map}...\n---\n`])
      assert.deepEqual(await problems(text), [], JSON.stringify(text));
  });

  test('more lines or items than any manifest has are refused before they are parsed', async () => {
    const many = ['#\n', '[a,]', '---\n', '}', '- '.repeat(60) + 'a\n'].map((unit) =>
      unit.repeat(400_001 / (unit.length > 9 ? 60 : 1)),
    );
    for (const text of many) assert.deepEqual(await problems(text), ['DEPLOYMENT_SYNTAX 1:1'], text.slice(0, 9));
  });

  test('a merge key that brings as many maps as stand before it is read once through', async () => {
    const keys = Array.from({ length: 60_000 }, (_, index) => `  k${index}: 1\n`).join('');
    const text = `x-x: &x { q: 1 }\nx-m:\n${keys}  <<: [${'*x,'.repeat(60_000)}]\nservices: { a: { image: i } }\n`;
    assert.deepEqual(await images(text), ['60004:25 services.a.image i']);
  });

  test('mistakes by the million leave errors elsewhere as they are', async () => {
    const { stackTraceLimit } = Error;
    assert.notDeepEqual(await problems(`a: "${'\\q'.repeat(100_000)}"`), []);
    assert.equal(Error.stackTraceLimit, stackTraceLimit);
  });

  test('an empty file holds nothing, and keys of Object.prototype are plain keys', async () => {
    for (const text of ['', '---\n', '# comment', '\ufeff'])
      assert.deepEqual(await read(text), { images: [], problems: [] });
    assert.deepEqual(await images('services: { constructor: { image: a }, __proto__: { image: b } }'), [
      '1:35 services.constructor.image a',
      '1:60 services.__proto__.image b',
    ]);
    assert.deepEqual(await problems('{ apiVersion: v1, kind: constructor }'), ['DEPLOYMENT_KIND_UNKNOWN 1:25']);
  });

  test('never throws, whatever the text', async () => {
    const words = fc.constantFrom(
      'kind: ',
      'Pod',
      'apiVersion: v1',
      'spec:',
      'containers',
      '- ',
      'image: ',
      '\n',
      '  ',
      '{',
      '}',
      '[',
      ']',
      '&a ',
      '*a',
      '<<: ',
      '"',
      "'",
      '|',
      '---\n',
      ':',
      '#',
      'x',
      '\ud800',
      '\t',
      '%',
      '!!map ',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(words, { maxLength: 40 }), async (parts) => {
        const { images: found, problems: wrong } = await read(parts.join(''));
        assert.ok(Array.isArray(found) && wrong.every(({ line, column }) => line >= 1 && column >= 1));
      }),
      { numRuns: 500 },
    );
  });
});
