// Writes the bundles of compiled Rego that are kept in the repository again, with the `opa` of .ci/peers.
import { buildBundle } from '../../support/opa.ts';
import { REGO_BUNDLES } from '../../support/rego-bundles.ts';

for (const bundle of Object.values(REGO_BUNDLES)) await buildBundle(bundle);
