package store

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func near(a, b, by float64) bool { return math.Abs(a-b) <= by || math.IsNaN(a) && math.IsNaN(b) }

func TestQuantile(t *testing.T) {
	nist := []float64{95.1772, 95.1567, 95.1937, 95.1959, 95.1442, 95.0610, 95.1591, 95.1195, 95.1065, 95.0925, 95.1990, 95.1682}
	for _, tt := range []struct {
		name   string
		values []float64
		p      float64
		want   float64
	}{
		{"NIST e-Handbook 7.2.6.2, by 1+p(N-1)", nist, 0.9, 95.1957},
		{"median of an even number", []float64{3, 1, 2, 10}, 0.5, 2.5},
		{"lowest", nist, 0, 95.0610},
		{"highest", nist, 1, 95.1990},
		{"one value", []float64{7}, 0.95, 7},
		{"none", nil, 0.5, math.NaN()},
	} {
		sorted := slices.Sorted(slices.Values(tt.values))
		if got := quantileOf(sorted, tt.p); !near(got, tt.want, 0.0001) {
			t.Errorf("%s: %v; want %v", tt.name, got, tt.want)
		}
	}
}

// quantile is quantileOf, plainly, of values that are sorted.
func quantile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := p * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// A quantile is the same whether all values are sorted or only parted.
func TestQuantileOf(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 60 {
		for range 20 {
			values := make([]float64, n)
			for i := range values {
				values[i] = float64(r.IntN(1 + n/2)) // with equal ones among them
			}
			sorted := slices.Sorted(slices.Values(values))
			for _, p := range []float64{0, 0.05, 0.5, 0.95, 1} {
				if got, want := quantileOf(values, p), quantile(sorted, p); !near(got, want, 1e-12) {
					t.Fatalf("%v at %v: %v; want %v", sorted, p, got, want)
				}
			}
		}
	}
}

func TestMAD(t *testing.T) {
	oneToNine := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9} // the example of R's mad()
	m := medianOf(oneToNine)
	if got := madScale * mad(oneToNine, m); m != 5 || !near(got, 2.9652, 1e-9) {
		t.Errorf("median %v, scaled MAD %v; want 5 and 2.9652", m, got)
	}
	if got := mad([]float64{1, 1, 2, 2, 4, 6, 9}, 2); got != 1 {
		t.Errorf("MAD %v; want 1", got)
	}
}

// The example of the NIST e-Handbook, 6.3.2.4.
func TestEWMA(t *testing.T) {
	values := []float64{52.0, 47.0, 53.0, 49.3, 50.1, 47.0, 51.0, 50.1, 51.2, 50.5, 49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1}
	want := []float64{50.60, 49.52, 50.56, 50.18, 50.16, 49.21, 49.75, 49.85, 50.26, 50.33, 50.11, 49.36, 49.52, 50.05, 49.38, 49.92, 50.73, 51.23, 51.94, 51.99}
	for i, got := range ewma(values, 0.3, 50) {
		if !near(got, want[i], 0.0051) {
			t.Errorf("value %d: %.4f; want %.2f", i, got, want[i])
		}
	}
}

// The examples of Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
func TestWilson(t *testing.T) {
	for _, tt := range []struct {
		hits, n   int
		low, high float64
	}{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0.0000, 0.1611},
		{1, 29, 0.0061, 0.1718},
		{0, 0, 0, 1},
		{5, 5, 0.5655, 1},
	} {
		low, high := wilson(tt.hits, tt.n)
		if !near(low, tt.low, 0.00005) || !near(high, tt.high, 0.00005) {
			t.Errorf("%d of %d: %.4f to %.4f; want %.4f to %.4f", tt.hits, tt.n, low, high, tt.low, tt.high)
		}
	}
}

func TestPSI(t *testing.T) {
	for _, tt := range []struct {
		name        string
		before, now []int
		want        float64
	}{
		{"the same shape", []int{10, 20, 30}, []int{100, 200, 300}, 0},
		{"50/50 to 60/40: 0.1 ln 1.2 - 0.1 ln 0.8", []int{50, 50}, []int{60, 40}, 0.040547},
		{"10/20/70 to 20/30/50", []int{10, 20, 70}, []int{20, 30, 50}, 0.177156},
		{"an empty bin counts as half a value", []int{10, 0}, []int{5, 5}, (0.5-1)*math.Log(0.5) + (0.5-0.05)*math.Log(10)},
		{"nothing to compare", []int{0, 0}, []int{5, 5}, 0},
	} {
		if got := psi(tt.before, tt.now); !near(got, tt.want, 1e-6) {
			t.Errorf("%s: %.6f; want %.6f", tt.name, got, tt.want)
		}
	}
	if got := bins([]float64{0, 0.2, 0.3, 0.9}, []float64{0.2, 0.5}); !slices.Equal(got, []int{2, 1, 1}) {
		t.Errorf("bins = %v", got)
	}
}
