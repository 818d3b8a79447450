// These suites compare with opa where it is there. The ordinary run leaves that out where it is not; here the peers were built, so they run again.
import '../app/compile-rego.test.ts';
import '../cli/gate-rego.test.ts';
import '../policy/rego/builtins.test.ts';
import '../policy/rego/examples.test.ts';
