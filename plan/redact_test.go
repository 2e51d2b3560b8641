package plan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/confo-sync/confo-sync/plan"
)

const planted = "hunter2-planted"

// holder has a value where fmt can't call its methods.
type holder struct {
	Open   plan.Value
	hidden plan.Value
	inside *plan.Change
	many   []plan.Value
	named  map[string]plan.Value
	marks  plan.Sensitivity
	stored plan.Stored
}

// TestNeverPrinted prints values and nodes in every way that Go has, and looks
// for what is in them.
func TestNeverPrinted(t *testing.T) {
	value := plan.NewValue([]byte(`{"password": "` + planted + `"}`))
	node, err := value.Parse()
	if err != nil {
		t.Fatal(err)
	}
	change := plan.Change{Key: plan.Key{Namespace: "a"}, Before: value, After: value}
	edits, _ := plan.Change{Key: plan.Key{Namespace: "a", Config: "b"}, Action: plan.Create, After: value}.Edits(plan.Sensitivity{})
	marks := plan.SensitivityOf(&plan.Tree{Namespaces: []plan.Namespace{{Configs: []plan.Config{{Value: plan.Encode(node, plan.Path{plan.Name("password")})}}}}}, nil)
	all := map[string]any{
		"value": value, "pointer": &value, "node": node, "node pointer": &node, "change": change, "change pointer": &change,
		"slice": []plan.Value{value}, "map": map[string]plan.Value{"x": value}, "edits": edits,
		"tree":        &plan.Tree{Namespaces: []plan.Namespace{{Configs: []plan.Config{{Value: value}}}}},
		"snapshot":    &plan.Snapshot{Namespaces: []plan.LiveNamespace{{Configs: []plan.LiveConfig{{Value: value}}}}},
		"plan":        &plan.Plan{Changes: []plan.Change{change}},
		"holder":      holder{Open: value, hidden: value, inside: &change, many: []plan.Value{value}, named: map[string]plan.Value{"x": value}, marks: marks},
		"sensitivity": marks, "sensitivity pointer": &marks,
		"unreadable": plan.Unreadable([]byte(planted), "because"), "marked": plan.Encode(node, plan.Path{plan.Name("password")}),
		"array": [1]plan.Value{value}, "map key": map[any]string{&value: "x"},
	}
	stored := plan.Stored{Path: "a/b", Key: plan.Key{Namespace: "a", Config: "b"}, Value: value, Access: plan.Access{"digest:u:" + planted + ":r"}}
	all["stored"], all["stored pointer"], all["several stored"], all["stored within"] = stored, &stored, []plan.Stored{stored}, holder{stored: plan.Stored{Value: value}}
	_, broken := plan.NewValue([]byte(planted)).Parse()
	all["error"] = broken
	secrets := []string{planted, fmt.Sprintf("%x", planted), fmt.Sprintf("%X", planted), strings.Trim(fmt.Sprint([]byte(planted)), "[]")}
	look := func(how, name, printed string) {
		for _, secret := range secrets {
			if strings.Contains(printed, secret) {
				t.Errorf("%s prints what is in a %s: %.300s", how, name, printed)
				return
			}
		}
	}
	for name, v := range all {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "% x", "%#x", "%T"} {
			look(verb, name, fmt.Sprintf(verb, v))
		}
		look("Errorf", name, fmt.Errorf("failed: %v", v).Error())
		if encoded, err := json.Marshal(v); err == nil {
			look("json", name, string(encoded))
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		look("slog", name, log.String())
	}
}
