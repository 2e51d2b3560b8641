package source

import (
	"testing"

	"gopkg.in/yaml.v3"
)

// TestServices: what sops reads as the name of a service is found, in whatever way it is
// written.
func TestServices(t *testing.T) {
	for _, test := range []struct{ metadata, want string }{
		{`sops: {mac: m, version: 3, lastmodified: "2026", age: [{recipient: r, enc: e}], pgp: [{fp: f}]}`, ""},
		{`sops: {kms: [], gcp_kms: null, azure_kv: , hc_vault: [], age: [], shamir_threshold: 2, key_groups: [{age: []}, {pgp: [], hc_vault: []}]}`, ""},
		{`sops: {hc_vault: [{vault_address: a}]}`, "hc_vault"},
		{`sops: {kms: [{arn: a}]}`, "kms"},
		{`sops: {later_kms: [{arn: a}]}`, "later_kms"},
		{`sops: {key_groups: [{age: []}, {hc_vault: [{vault_address: a}]}]}`, "hc_vault"},
		{`{"sops": {"HC_Vault": [{"vault_address": "a"}]}}`, "HC_Vault"},
		{`{"sops": {"mac": "m"}, "SOPS": {"mac": "m"}}`, "sops, twice"},
		{`{"sops": {"mac": "m"}, "ſops": {"hc_vault": [{}]}}`, "hc_vault"},
		{"x: &v [{vault_address: a}]\nsops: {hc_vault: *v}", "hc_vault"},
		{"x: &v {hc_vault: [{}]}\nsops: {<<: *v}", "<<"},
		{"sops: {<<: {hc_vault: [{}]}}", "<<"},
		{"x: &v [{hc_vault: [{}]}]\nsops: {key_groups: *v}", "key_groups"},
		{"x: &v {hc_vault: [{}]}\nsops: {key_groups: [*v]}", "key_groups"},
		{"x: &v {sops: {hc_vault: [{}]}}\n<<: *v\nsops: {mac: m}", "sops, twice"},
	} {
		var file yaml.Node
		if err := yaml.Unmarshal([]byte(test.metadata), &file); err != nil {
			t.Fatalf("%v\n%s", err, test.metadata)
		}
		if got := service(file.Content[0]); got != test.want {
			t.Errorf("%q, want %q, of\n%s", got, test.want, test.metadata)
		}
	}
}
