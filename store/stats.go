package store

import (
	"math"
	"slices"
)

// quantileOf is the value below which the part p of values lies, between two
// values by their distance (type 7 of Hyndman and Fan, as R and NumPy have it);
// NaN if there are none. It reorders them, but does not sort them all, which for
// the values of many peers takes three times as long.
func quantileOf(values []float64, p float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	at := p * float64(len(values)-1)
	i := int(at)
	partition(values, i)
	if i+1 >= len(values) {
		return values[i]
	}
	return values[i] + (at-float64(i))*(slices.Min(values[i+1:])-values[i])
}

// partition moves values so that the one at k is in its place in the order, with
// none above it before and none below it after.
func partition(values []float64, k int) {
	for low, high := 0, len(values)-1; low < high; {
		pivot, i, j := values[(low+high)/2], low, high
		for i <= j {
			for values[i] < pivot {
				i++
			}
			for values[j] > pivot {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k <= j:
			high = j
		case k >= i:
			low = i
		default:
			return
		}
	}
}

// nans are n values that were not measured.
func nans(n int) []float64 { return slices.Repeat([]float64{math.NaN()}, n) }

// known are those of values that were measured.
func known(values []float64) []float64 { return slices.DeleteFunc(slices.Clone(values), math.IsNaN) }

// newestOf is the last of values that was measured, and its place; NaN and 0 if there is none.
func newestOf(values []float64) (float64, int) {
	for i, v := range slices.Backward(values) {
		if !math.IsNaN(v) {
			return v, i
		}
	}
	return math.NaN(), 0
}

// medianOf is the median of values in any order; NaN if there is none.
func medianOf(values []float64) float64 {
	return quantileOf(slices.Clone(values), 0.5)
}

// madScale makes the median deviation of a normal distribution its standard deviation.
const madScale = 1.4826

// mad is the median of the distances from the median m, not scaled.
func mad(values []float64, m float64) float64 {
	off := make([]float64, len(values))
	for i, v := range values {
		off[i] = math.Abs(v - m)
	}
	return medianOf(off)
}

// ewma is the running mean of values in which each new one weighs lambda, and start is what came before.
func ewma(values []float64, lambda, start float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		start += lambda * (v - start)
		out[i] = start
	}
	return out
}

// wilson is the 95 % interval of a rate of which hits of n were seen, from 0 to 1.
func wilson(hits, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054
	p, m := float64(hits)/float64(n), float64(n)
	mid := p + z*z/(2*m)
	half := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max((mid-half)/(1+z*z/m), 0), min((mid+half)/(1+z*z/m), 1)
}

// psi is the population stability index of now against before, both counts by
// the same bins. An empty bin counts as half a value, so that the index stays finite.
func psi(before, now []int) float64 {
	var n, m float64
	for i := range before {
		n, m = n+float64(before[i]), m+float64(now[i])
	}
	if n == 0 || m == 0 {
		return 0
	}
	var sum float64
	for i := range before {
		p, q := max(float64(before[i]), 0.5)/n, max(float64(now[i]), 0.5)/m
		sum += (q - p) * math.Log(q/p)
	}
	return sum
}

// bins counts values by the given upper edges, the last bin being open.
func bins(values, edges []float64) []int {
	n := make([]int, len(edges)+1)
	for _, v := range values {
		i, _ := slices.BinarySearch(edges, v)
		n[i]++
	}
	return n
}
