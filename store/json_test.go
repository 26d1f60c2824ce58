package store

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestParseJSON(t *testing.T) {
	for _, tt := range []struct{ name, in, wrong string }{
		{"object", `{"a": [1, -0.5e+3, "x\u00e9\ud83d\ude00\n", true, false, null, {}], "b": {"c": []}}`, ""},
		{"empty", "", "is empty"},
		{"blank", " \n", "ends too early"},
		{"cut off", `{"a":"b`, "ends inside a string"},
		{"trailing comma", `{"a":1,}`, "wants a key"},
		{"trailing junk", `{} x`, "goes on after its end"},
		{"comment", `{} // x`, "goes on after its end"},
		{"single quotes", `{'a':1}`, "wants a key in double quotes"},
		{"single quoted value", `['a']`, "single quotes"},
		{"byte order mark", "\xef\xbb\xbf{}", "byte order mark"},
		{"NaN", `{"a":NaN}`, "NaN"},
		{"Infinity", `[-Infinity]`, "Infinity"},
		{"leading zero", `[01]`, "number"},
		{"bare point", `[1.]`, "number"},
		{"twice", `{"a":1,"a":2}`, `"a" twice`},
		{"deep", strings.Repeat("[", 40) + strings.Repeat("]", 40), "32 deep"},
		{"very deep", strings.Repeat(`{"a":`, 200_000), "32 deep"},
		{"bad UTF-8", "[\"a\xff\"]", "UTF-8"},
		{"bad UTF-8 after an escape", "[\"\\n\xff\"]", "UTF-8"},
		{"lone high surrogate", `["\ud800"]`, "surrogate"},
		{"lone low surrogate", `["\udc00"]`, "surrogate"},
		{"raw newline", "[\"a\nb\"]", "control byte"},
		{"unknown escape", `["\x"]`, "escape"},
		{"word", `[None]`, "None"},
		{"position", "{\n \"a\": x}", "line 2, column 7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseJSON([]byte(tt.in))
			switch {
			case err == nil && tt.wrong != "":
				t.Errorf("parseJSON(%.40q) passed; want an error with %q", tt.in, tt.wrong)
			case err != nil && (tt.wrong == "" || !strings.Contains(err.Error(), tt.wrong)):
				t.Errorf("parseJSON(%.40q) = %v; want %q", tt.in, err, tt.wrong)
			}
		})
	}
}

// What the strict parser takes, the standard one takes too, and to the same effect.
func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e-3,"\u00e9"],"b":null}`, `"\ud83d\ude00"`, `[[[]]]`, `-0`, `{"":""}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		v, err := parseJSON(in)
		if err != nil {
			if AsError(err).Kind != Invalid {
				t.Errorf("parseJSON(%q): %v is not Invalid", in, err)
			}
			return
		}
		var want any
		if err := json.Unmarshal(in, &want); err != nil && !strings.Contains(err.Error(), "cannot unmarshal number") {
			t.Fatalf("parseJSON takes %q, encoding/json does not: %v", in, err)
		}
		if s, ok := want.(string); ok && (v.kind != jsonString || v.text != s) {
			t.Errorf("parseJSON(%q) = %q; want %q", in, v.text, s)
		}
		if l, ok := want.([]any); ok && len(l) != len(v.list) {
			t.Errorf("parseJSON(%q): %d items; want %d", in, len(v.list), len(l))
		}
	})
}
