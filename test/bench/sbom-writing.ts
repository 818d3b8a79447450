// Prints what building, checking and writing SBOMs of many components takes, in a process of its own so that nothing is warm:
//   node test/bench/sbom-writing.ts [COMPONENTS...]
import { buildSbomDocument, writeCycloneDx } from '../../src/sbom/index.ts';
import { sampleInput, samplePackage } from '../support/sample-sbom.ts';

const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [3000, 10_000];

for (const count of counts) {
  const packages = Array.from({ length: count }, (_, index) =>
    samplePackage({
      type: 'deb',
      namespace: 'debian',
      name: `package-${index}`,
      version: `1.${index}-2`,
      id: `dpkg:${index}`,
      qualifiers: { arch: 'amd64', distro: 'debian-12' },
      licenses: [{ value: 'GPL-2+' }, { value: 'MIT' }],
      dependsOn: [`dpkg:${(index * 7) % count}`, `dpkg:${(index * 13) % count}`],
      supplier: { name: 'A Maintainer', email: 'maintainer@example.org' },
      homepage: 'https://example.org/package',
      description: 'what the package is for',
    }),
  );
  for (const format of ['json', 'xml'] as const) {
    const start = performance.now();
    const document = buildSbomDocument(sampleInput({ packages }));
    const built = performance.now();
    const bytes = await writeCycloneDx(document, { format, specVersion: '1.6' });
    const written = performance.now();
    const [buildMs, writeMs] = [built - start, written - built].map(Math.round);
    console.log(
      `${count} components, ${format}: build ${buildMs} ms, check and write ${writeMs} ms, ${bytes.length} bytes`,
    );
  }
}
