# What runs is small and cannot be changed from within: a user that is not root, no compiler or debugger above the base, nothing that anybody may write.
package waybill.runtime

kinds := {"compiler", "debugger"}

deny contains {"msg": "the image runs as root", "code": "runtime.root"} if {
	user := split(object.get(input.platform.config, "user", ""), ":")[0]
	user in {"", "0", "root"}
}

deny contains {"msg": "the image runs as root", "code": "runtime.root"} if input.platform.config.user == null

deny contains {"msg": msg, "code": "runtime.tools", "effective_on": "2027-01-01T00:00:00Z"} if {
	some tool in input.system.tools.items
	tool.kind in kinds
	not input.platform.layers[tool.layer].base
	msg := sprintf("%s is a %s and was added in layer %d", [tool.path, tool.kind, tool.layer])
}

deny contains {"msg": msg, "code": "runtime.writable"} if {
	some place in input.system.writable.items
	place.by == "world"
	msg := sprintf("anybody may write %s", [place.path])
}

# lists are cut off at 200 items, their counts are not
deny contains {"msg": msg, "code": "runtime.unlisted"} if {
	some name in ["tools", "writable"]
	facts := input.system[name]
	facts.count > count(facts.items)
	msg := sprintf("only %d of %d %s are listed", [count(facts.items), facts.count, name])
}
