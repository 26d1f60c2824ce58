package templates

import "slices"

// Key is one keyboard shortcut.
type Key struct {
	Name  string // the action, by which scripts know it
	Key   string // "j", or two keys of a chord with a blank between: "g q"
	Does  string // for the help
	Where string // "list", "alert" or "" for everywhere
}

// Keys is the one table of keys: help and scripts read it, so a key that is not here does nothing.
var Keys = []Key{
	{"next", "j", "Next", ""},
	{"prev", "k", "Previous", ""},
	{"open", "o", "Open", "list"},
	{"open", "Enter", "Open", "list"},
	{"person", "p", "Open the person", ""},
	{"select", "x", "Select", "list"},
	{"all", "*", "Select all in view", "list"},
	{"confirm", "c", "Confirm…", ""},
	{"dismiss", "d", "Dismiss…, then the digit of a reason", ""},
	{"snooze", "s", "Snooze…", ""},
	{"review", "r", "Take into review", ""},
	{"undo", "u", "Undo", ""},
	{"note", "N", "Write a note", "alert"},
	{"reveal", ".", "Show the name, for a reason", ""},
	{"arrivals", "n", "Show new results", "list"},
	{"prevview", "[", "Previous view", "list"},
	{"nextview", "]", "Next view", "list"},
	{"dense", "v", "Dense rows", "list"},
	{"find", "/", "Filter", ""},
	{"queue", "g q", "Queue", ""},
	{"heatmap", "g h", "Heat map", ""},
	{"explore", "g x", "Explore", ""},
	{"people", "g e", "People", ""},
	{"models", "g m", "Models", ""},
	{"activity", "g a", "Activity", ""},
	{"help", "?", "This list", ""},
}

// keyOf returns the first key of an action, for the label on its button.
func keyOf(name string) string {
	for _, k := range Keys {
		if k.Name == name {
			return k.Key
		}
	}
	panic("templates: no key for " + name)
}

// Keys lists the keys that do something on a page with this frame.
func (f Frame) Keys() []Key {
	missing := map[string]bool{"reveal": f.Reveal == ""}
	if f.Role == "viewer" {
		for _, name := range []string{"select", "all", "confirm", "dismiss", "snooze", "review", "undo", "note"} {
			missing[name] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(Keys), func(k Key) bool { return missing[k.Name] })
}
