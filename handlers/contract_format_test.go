package handlers_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestContractFormat proves without a server that every case is understood: ids, names, matchers, patterns, requests.
func TestContractFormat(t *testing.T) {
	groups := strings.Fields("auth bulk create delete detail filter format http list order root schema update")
	seen := map[string]bool{}
	for _, file := range contractFiles {
		cases := loadCases(t, file.name)
		if len(cases) != file.count {
			t.Errorf("%s holds %d cases, want %d", file.name, len(cases), file.count)
		}
		for _, tc := range cases {
			if tc.ID == "" || seen[tc.ID] {
				t.Errorf("the id %q is missing or taken", tc.ID)
			}
			seen[tc.ID] = true
			if !slices.Contains(groups, tc.Group) || tc.Verdict != "keep" && tc.Verdict != "improve" {
				t.Errorf("%s: group %q, verdict %q", tc.ID, tc.Group, tc.Verdict)
			}
			if err := dryRun(tc); err != nil {
				t.Errorf("%s: %v", tc.ID, err)
			}
		}
	}
	if inputs := loadBadInputs(t); len(inputs) != badInputs {
		t.Errorf("badinputs.jsonl holds %d inputs, want %d", len(inputs), badInputs)
	}
}

// dryRun builds each request of a case and looks through each expectation, with stand-ins for what would be saved.
func dryRun(tc contractCase) error {
	c := newClient("http://127.0.0.1:8000", testCreds{User: "u", Password: "p", Token: "t"})
	all, err := json.Marshal(tc)
	if err != nil {
		return err
	}
	request := func(req request) error {
		if raw, err := json.Marshal(req); err != nil {
			return err
		} else if err := known(raw, c.names); err != nil {
			return err
		}
		if _, err := c.wire(req); err != nil {
			return err
		}
		if req.Save != "" {
			c.names[req.Save] = standIn(req.Save, all)
		}
		return nil
	}
	if tc.Request.Save == "" {
		tc.Request.Save = "it"
	}
	for _, req := range append(slices.Clone(tc.Setup), tc.Request) {
		if err := request(req); err != nil {
			return err
		}
	}
	wants := []expectation{tc.Want}
	for _, then := range tc.Then {
		if err := request(then.Request); err != nil {
			return err
		}
		wants = append(wants, then.Want)
	}
	for _, want := range wants {
		if err := understood(want, c.names); err != nil {
			return err
		}
	}
	return nil
}

// known: every ${name} in raw is one that was saved before.
func known(raw []byte, n names) error {
	for _, m := range nameRef.FindAllSubmatch(raw, -1) {
		if !n.has(string(m[1])) {
			return fmt.Errorf("%s names nothing", m[0])
		}
	}
	return nil
}

// standIn has all that the case asks of the saved name.
func standIn(name string, all []byte) any {
	object := map[string]any{}
	for _, m := range regexp.MustCompile(`\$\{`+name+`\.([\w.]+)\}`).FindAllSubmatch(all, -1) {
		at, parts := object, strings.Split(string(m[1]), ".")
		for _, part := range parts[:len(parts)-1] {
			next, ok := at[part].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[part] = next
			}
			at = next
		}
		if last := parts[len(parts)-1]; at[last] == nil {
			at[last] = "7"
		}
	}
	return object
}

// understood: the expectation asks for something, and each of its matchers and patterns can be judged.
func understood(want expectation, n names) error {
	if want.Status == nil {
		return fmt.Errorf("an expectation without status")
	}
	raw, err := json.Marshal(want)
	if err != nil {
		return err
	}
	if err := known(raw, n); err != nil {
		return err
	}
	v, err := decodeJSON(raw)
	if err == nil {
		v, err = n.fill(v)
	}
	if err != nil {
		return err
	}
	return matchersKnown(v)
}

func matchersKnown(v any) error {
	if op, arg, ok := matcher(v); ok {
		if matchers[op] == nil {
			return fmt.Errorf("no matcher is called %s", op)
		}
		text, _ := arg.(string)
		if op == "$type" && types[text] == nil {
			return fmt.Errorf("no type is called %s", short(arg))
		}
		if op == "$re" {
			_, err := compilePattern(text)
			return err
		}
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if err := matchersKnown(x); err != nil {
				return err
			}
		}
	case map[string]any:
		for x := range maps.Values(v) {
			if err := matchersKnown(x); err != nil {
				return err
			}
		}
	}
	return nil
}
