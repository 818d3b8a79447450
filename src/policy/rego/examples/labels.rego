# The image says where its source is and which revision it was built from.
package waybill.labels

required := {
	"org.opencontainers.image.source": `^https://[a-z0-9.-]+/[A-Za-z0-9._/-]+$`,
	"org.opencontainers.image.revision": `^[0-9a-f]{40}([0-9a-f]{24})?$`,
}

deny contains {"msg": msg, "code": "labels.missing"} if {
	some label, _ in required
	not label in object.keys(input.platform.config.labels)
	msg := sprintf("the label %s is missing", [label])
}

deny contains {"msg": msg, "code": "labels.malformed"} if {
	some label, pattern in required
	value := input.platform.config.labels[label]
	not regex.match(pattern, value)
	msg := sprintf("the label %s is %q", [label, value])
}
