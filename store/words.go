package store

import (
	"math"
	"strconv"
	"strings"
)

// Figure writes a number as people read it: 0.94, 78.5, 1240. What is posted is never scaled.
func Figure(v float64) string {
	switch abs := math.Abs(v); {
	case abs >= 1e6 || abs > 0 && abs < 0.005:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case abs < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// Count writes 1240 as 1,240.
func Count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Plural writes "1 alert" or "3 alerts".
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// And joins with commas and a last "and".
func And(list []string) string { return listed(list, " and ") }

// listed joins with commas, and the last with another word.
func listed(list []string, last string) string {
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + last + list[n-1]
	}
	return strings.Join(list, "")
}
