# A builder whom the policy names says which images went into the build, and all of them are from the registries below.
package waybill.builders

registries := ["pkg:docker/docker.io/", "pkg:docker/registry.example.com/"]

provenance contains attestation.predicate if {
	some attestation in input.attestations
	attestation.predicateType == "https://slsa.dev/provenance/v1"
}

deny contains {"msg": "no verified provenance says what went into the build", "code": "builders.unknown"} if {
	count(provenance) == 0
}

deny contains {"msg": msg, "code": "builders.unpinned"} if {
	some image in images
	not image.digest.sha256
	msg := sprintf("the build used %s without a digest", [image.uri])
}

deny contains {"msg": msg, "code": "builders.registry"} if {
	some image in images
	not strings.any_prefix_match(image.uri, registries)

	# a package URL without a registry is Docker Hub's
	not regex.match(`^pkg:docker/[a-z0-9_-]+(/[a-z0-9_-]+)?@`, image.uri)
	msg := sprintf("the build used %s, which is from none of the registries allowed", [image.uri])
}

images contains image if {
	some predicate in provenance
	some image in predicate.buildDefinition.resolvedDependencies
	strings.any_prefix_match(image.uri, ["pkg:docker/", "pkg:oci/"])
}
