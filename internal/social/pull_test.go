package social

import "testing"

func TestCost(t *testing.T) {
	for text, want := range map[string]Cost{"5": 5_000_000, "$0.50": 500_000, "0.001": 1_000, ".5": 500_000, "2.": 2_000_000, " 1.25 ": 1_250_000, "0": 0, "0.000001": 1} {
		if got, err := ParseCost(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "-1", "1e3", "0x1", "1,5", "$", ".", "0.0000001", "99999999", "NaN", "１", "1 2", "+1"} {
		if got, err := ParseCost(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
	for cost, want := range map[Cost]string{0: "$0.00", 1_000_000: "$1.00", 5_000: "$0.005", 1_020_000: "$1.02", 1_234_567: "$1.235", 12_999_000: "$12.999", 999: "$0.001"} {
		if got := cost.String(); got != want {
			t.Errorf("%d: %s, want %s", cost, got, want)
		}
	}
}
