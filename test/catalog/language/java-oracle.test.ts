import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { runCatalogers, type CatalogRun } from '../../../src/catalog/index.ts';
import { javaCataloger } from '../../../src/catalog/language/java.ts';
import { memoryView } from '../../support/memory-view.ts';

const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'waybill-java-oracle');
const HAS_MAVEN = spawnSync('mvn', ['-v'], { encoding: 'utf8' }).status === 0;

function pom(
  artifactId: string,
  of: { readonly parent?: string; readonly dependencies: readonly string[]; readonly plugin: string },
): string {
  const dependencies = of.dependencies.map((text) => {
    const [groupId, artifact, version] = text.split(':');
    const versioned = version === undefined ? '' : `<version>${version}</version>`;
    return `<dependency><groupId>${groupId}</groupId><artifactId>${artifact}</artifactId>${versioned}</dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>${of.parent ?? ''}
    <groupId>com.example</groupId><artifactId>${artifactId}</artifactId><version>1.2.3</version>
    <properties><java.version>17</java.version><maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
    <dependencies>${dependencies.join('')}</dependencies><build><plugins>${of.plugin}</plugins></build></project>`;
}

const BOOT = pom('boot-demo', {
  parent:
    '<parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId><version>3.3.5</version><relativePath/></parent>',
  dependencies: [
    'org.springframework.boot:spring-boot-starter-web',
    'org.springframework.boot:spring-boot-starter-data-jpa',
    'org.springframework.boot:spring-boot-starter-actuator',
    'org.springframework.boot:spring-boot-starter-security',
    'org.springframework.boot:spring-boot-starter-validation',
    'org.apache.derby:derby',
    'org.postgresql:postgresql',
    'com.google.guava:guava:33.3.1-jre',
  ],
  plugin:
    '<plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId><configuration><includeTools>false</includeTools></configuration></plugin>',
});

const HADOOP = pom('shade-demo', {
  dependencies: ['org.apache.hadoop:hadoop-common:3.3.6', 'com.fasterxml.jackson.core:jackson-databind:2.17.2'],
  plugin:
    '<plugin><groupId>org.apache.maven.plugins</groupId><artifactId>maven-shade-plugin</artifactId><version>3.5.3</version><executions><execution><phase>package</phase><goals><goal>shade</goal></goals></execution></executions></plugin>',
});

/** Builds a project once; later runs find it in the cache. @returns why it could not be built */
function build(name: string, text: string): string | undefined {
  const folder = join(CACHE, name);
  if (existsSync(join(folder, 'pom.xml')) && readFileSync(join(folder, 'pom.xml'), 'utf8') === text) return undefined;
  rmSync(folder, { recursive: true, force: true });
  const work = `${folder}.${process.pid}`;
  mkdirSync(join(work, 'src/main/java/demo'), { recursive: true });
  writeFileSync(join(work, 'pom.xml'), text);
  writeFileSync(
    join(work, 'src/main/java/demo/App.java'),
    'package demo;\npublic class App { public static void main(String[] args) {} }\n',
  );
  const maven = (...args: readonly string[]) =>
    spawnSync('mvn', ['-q', '-B', ...args], { cwd: work, encoding: 'utf8' });
  const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.7.0';
  const scope = ['-DincludeScope=runtime', '-Dscope=runtime'];
  const runs = [
    () => maven('-DskipTests', 'package', `${plugin}:list`, ...scope, '-DoutputFile=target/list.txt'),
    () => maven(`${plugin}:copy-dependencies`, ...scope),
    () => maven(`${plugin}:tree`, ...scope, '-DoutputType=tgf', '-DoutputFile=target/tree.txt'),
  ];
  for (const run of runs) {
    const { status, stdout } = run();
    if (status === 0) continue;
    rmSync(work, { recursive: true, force: true });
    return `mvn could not build it: ${stdout.slice(-300)}`;
  }
  renameSync(work, folder);
  return undefined;
}

/** `group:artifact:version` of what Maven resolved for run time. */
function resolved(name: string): ReadonlySet<string> {
  const coordinates = new Set<string>();
  for (const line of readFileSync(join(CACHE, name, 'target/list.txt'), 'utf8').split('\n')) {
    const parts = stripVTControlCharacters(line).trim().split(' ', 1)[0]!.split(':');
    if (parts.length >= 5) coordinates.add(`${parts[0]}:${parts[1]}:${parts.at(-2)}`);
  }
  assert.ok(coordinates.size > 50);
  return coordinates;
}

function scan(files: Readonly<Record<string, Uint8Array>>): CatalogRun {
  return runCatalogers({
    view: memoryView(files, { captures: javaCataloger.captures }),
    catalogers: [javaCataloger],
    rethrow: true,
  });
}

const coordinatesOf = (run: CatalogRun): ReadonlySet<string> =>
  new Set(run.packages.map(({ namespace, name, version }) => `${namespace ?? '?'}:${name}:${version ?? '?'}`));

const without = (from: ReadonlySet<string>, other: ReadonlySet<string>): readonly string[] =>
  [...from].filter((item) => !other.has(item)).toSorted();

function libraries(name: string): Readonly<Record<string, Uint8Array>> {
  const folder = join(CACHE, name, 'target/dependency');
  return Object.fromEntries(readdirSync(folder).map((file) => [`opt/lib/${file}`, readFileSync(join(folder, file))]));
}

describe('javaCataloger against Maven', { skip: HAS_MAVEN ? false : 'mvn is not installed' }, () => {
  const failures = new Map<string, string | undefined>();
  const isBuilt = (test: TestContext, name: string): boolean => {
    const failure = failures.get(name);
    if (failure !== undefined) test.skip(failure);
    return failure === undefined;
  };
  before(() => {
    failures.set('boot', build('boot', BOOT));
    failures.set('hadoop', build('hadoop', HADOOP));
  });

  it('finds exactly what lies in a Spring Boot application', (test) => {
    if (!isBuilt(test, 'boot')) return;
    const found = coordinatesOf(scan({ 'app.jar': readFileSync(join(CACHE, 'boot/target/boot-demo-1.2.3.jar')) }));
    const expected = resolved('boot');
    // starters hold nothing but dependencies: Spring Boot leaves them out of the application
    assert.deepEqual(
      without(expected, found).filter((item) => !item.includes(':spring-boot-starter')),
      [],
    );
    assert.deepEqual(without(found, expected), ['com.example:boot-demo:1.2.3']);
  });

  for (const name of ['boot', 'hadoop']) {
    it(`finds all libraries of ${name} in a folder, and beside them only what is packed into one of them`, (test) => {
      if (!isBuilt(test, name)) return;
      const run = scan(libraries(name));
      const expected = resolved(name);
      assert.deepEqual(without(expected, coordinatesOf(run)), []);
      const beside = run.packages.filter(({ hashes, partOf }) => hashes !== undefined || partOf === undefined);
      const names = new Set(beside.map(({ namespace, name, version }) => `${namespace}:${name}:${version}`));
      assert.deepEqual(without(names, expected), []);
      assert.ok(beside.every(({ purlKnown }) => purlKnown !== false));
    });
  }

  it('finds in a shaded jar every library whose record is still in it', (test) => {
    if (!isBuilt(test, 'hadoop')) return;
    const shaded = scan({ 'shade-demo-1.2.3.jar': readFileSync(join(CACHE, 'hadoop/target/shade-demo-1.2.3.jar')) });
    const names = (run: CatalogRun): ReadonlySet<string> =>
      new Set(
        run.packages
          .filter(({ evidence }) => evidence.some(({ value }) => value?.startsWith('META-INF/maven/')))
          .map(({ namespace, name }) => `${namespace}:${name}`),
      );
    // of two records at one place the plug-in keeps one: versions may be either
    assert.deepEqual(without(names(scan(libraries('hadoop'))), names(shaded)), []);
    assert.deepEqual(without(names(shaded), names(scan(libraries('hadoop')))), ['com.example:shade-demo']);
  });

  it('draws the edges that Maven drew, where a POM lies in the jar', (test) => {
    if (!isBuilt(test, 'hadoop')) return;
    const run = scan(libraries('hadoop'));
    const names = new Map(run.packages.map(({ id, namespace, name }) => [id, `${namespace}:${name}`]));
    const found = new Set(
      run.packages.flatMap(({ id, dependsOn }) => dependsOn.map((to) => `${names.get(id)} ${names.get(to)}`)),
    );
    const hasPom = new Set([...found].map((edge) => edge.split(' ')[0]!));
    const tree = readFileSync(join(CACHE, 'hadoop/target/tree.txt'), 'utf8').split('\n');
    const nodes = new Map(
      tree.flatMap((line) => {
        const match = /^(-?\d+) ([^: ]+):([^: ]+):/.exec(line);
        return match === null ? [] : [[match[1]!, `${match[2]}:${match[3]}`]];
      }),
    );
    const drawn = tree.flatMap((line) => {
      const match = /^(-?\d+) (-?\d+) /.exec(line);
      return match === null ? [] : [`${nodes.get(match[1]!)} ${nodes.get(match[2]!)}`];
    });
    const covered = drawn.filter((edge) => hasPom.has(edge.split(' ')[0]!));
    assert.ok(covered.length > 50, `${covered.length} of ${drawn.length}`);
    assert.deepEqual(
      drawn.filter((edge) => hasPom.has(edge.split(' ')[0]!) && !found.has(edge)),
      [],
    );
  });
});
