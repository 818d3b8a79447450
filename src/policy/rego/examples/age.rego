# Somebody whom the policy names signed the image within the last 90 days, by a trusted source of time: what the image says of its own age is not asked.
package waybill.age

max_days := 90

day_ns := ((24 * 60) * 60) * 1000000000

deny contains {"msg": "no signature with a trusted time", "code": "age.unknown"} if count(ages) == 0

deny contains {"msg": msg, "code": "age.exceeded"} if {
	youngest := min(ages)
	youngest > max_days * day_ns
	msg := sprintf("the youngest signature is %d days old, more than %d", [floor(youngest / day_ns), max_days])
}

warn contains {"msg": msg, "code": "age.near"} if {
	youngest := min(ages)
	youngest > (max_days - 14) * day_ns
	youngest <= max_days * day_ns
	msg := sprintf("the youngest signature will be too old in %d days", [max_days - floor(youngest / day_ns)])
}

ages contains age if {
	some signature in input.signatures
	signature.signedAt != null
	age := time.parse_rfc3339_ns(input.time) - time.parse_rfc3339_ns(signature.signedAt)
}
