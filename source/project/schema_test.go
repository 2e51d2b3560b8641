package project_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/confo-sync/confo-sync/source/project"
)

const schemaFile = "../../docs/project.schema.json"

func conforms(t *testing.T, content string) error {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.Unmarshal([]byte(content), &value); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(document)
}

// TestSchema: what editors check is what Read takes, in the sample and in what
// init writes, with all of its examples.
func TestSchema(t *testing.T) {
	if err := conforms(t, sample); err != nil {
		t.Errorf("the sample: %v", err)
	}
	content, err := os.ReadFile("../../cmd/confo-sync/init/confo-sync.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("{{.Project}}", "shop", "{{.Name}}", "dev", "{{.Other}}", "prod", "{{.Target}}", "file:x", "{{.Credentials}}", "c.json").Replace(string(content))
	text = regexp.MustCompile(`(?m)^\{\{.*\}\}\n?`).ReplaceAllString(text, "")
	// Uncommented: all examples stand as "# key:" or deeper.
	examples := regexp.MustCompile(`(?m)^(\s*)# ( *[a-z_]+:( [^ ].*)?)$`).ReplaceAllString(text, "$1$2")
	examples = regexp.MustCompile(`(?m)^(\s*)# +#.*$`).ReplaceAllString(examples, "")
	for name, content := range map[string]string{"init": text, "init, uncommented": examples} {
		if err := conforms(t, content); err != nil {
			t.Errorf("%s: %v\n%s", name, err, content)
		}
		p, err := project.Read(write(t, content))
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, content)
			continue
		}
		if want := map[bool]int{true: 1, false: 2}[name == "init"]; len(p.Environments) != want {
			t.Errorf("%s has the environments %v", name, p.Names())
		}
	}
	for _, bad := range []string{"sorce: x", "environments: {a: {}}", "environments: {a: {target: x, taget: y}}", "prune: all", "limits: {delete_percent: 200}", "protect: [{from: [read], path: a}]",
		"environments: {a: {target: x, tls: true}}", "environments: {a: {target: x, tls: {cert: x}}}", "environments: {a: {target: x, credentials: {zookeeper_user: x}}}"} {
		if conforms(t, bad) == nil {
			t.Errorf("the schema takes %q", bad)
		}
	}
}

// TestSchemaKeys: every key of the schema is read, and every key that is read is
// in the schema.
func TestSchemaKeys(t *testing.T) {
	content, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties map[string]any
		Defs       map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	if err := json.Unmarshal(content, &schema); err != nil {
		t.Fatal(err)
	}
	keys := func(properties map[string]any) (names []string) {
		for name := range properties {
			names = append(names, name)
		}
		slices.Sort(names)
		return names
	}
	// The hint for a key that there is not lists all there are.
	listed := func(yaml string) []string {
		_, err := project.Read(write(t, yaml))
		hint := err.(*project.Error).Findings[0].Hint
		return strings.Split(strings.TrimPrefix(hint, "use one of "), ", ")
	}
	if got, want := listed("xxxxxxxxxxxx: 1"), keys(schema.Properties); !slices.Equal(got, want) {
		t.Errorf("a project reads %v, the schema has %v", got, want)
	}
	if got, want := listed("environments: {a: {target: x, xxxxxxxxxxxx: 1}}"), keys(schema.Defs["environment"].Properties); !slices.Equal(got, want) {
		t.Errorf("an environment reads %v, the schema has %v", got, want)
	}
}
