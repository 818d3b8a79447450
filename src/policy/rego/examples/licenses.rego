# Every component states a licence, and only licences of the list below. A component may be let off by its package URL.
package waybill.licenses

allowed := {
	"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "PSF-2.0",
	"Python-2.0", "Unicode-3.0", "Unlicense", "Zlib",
}

# Prefixes of package URLs that are not judged: the distribution's own packages.
exempt := ["pkg:deb/", "pkg:apk/", "pkg:rpm/"]

deny contains {"msg": msg, "code": "licenses.unknown", "purl": component.purl} if {
	some component in judged
	count(component.licenses) == 0
	msg := sprintf("%s states no licence", [component.purl])
}

deny contains {"msg": msg, "code": "licenses.denied", "purl": component.purl} if {
	some component in judged
	some license in component.licenses
	not acceptable(license)
	msg := sprintf("%s states the licence %s", [component.purl, license])
}

judged contains component if {
	some component in input.sbom.components
	component.type == "library"
	component.purl != null
	not strings.any_prefix_match(component.purl, exempt)
}

acceptable(license) if license in allowed

# of several to choose from, one is enough
acceptable(license) if {
	contains(license, " OR ")
	not contains(license, " AND ")
	some choice in split(trim(license, "()"), " OR ")
	trim(choice, "() ") in allowed
}

# of several together, all have to be
acceptable(license) if {
	contains(license, " AND ")
	not contains(license, " OR ")
	every part in split(trim(license, "()"), " AND ") {
		trim(part, "() ") in allowed
	}
}
